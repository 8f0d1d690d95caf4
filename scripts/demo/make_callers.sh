#!/usr/bin/env bash
# Makes the demo's callers once, into target/demo, as sound (.wav) and as picture with sound (.mp4); again when their
# recipe has changed.
set -euo pipefail
source "$(dirname "$0")/../lib.sh"

folder=$ROOT/target/demo
scripts=$ROOT/scripts/demo
made=(caller-genuine.wav caller-impostor.wav caller-genuine.mp4 caller-impostor.mp4 caller-loop.mp4)

all_made() {
    local name
    for name in "${made[@]}"; do [[ -s $folder/$name ]] || return 1; done
}

recipe=$(cat "$scripts"/{make_voices.py,make_clips.py,puppet.py,voices.txt,pictures.txt} | sha256sum)
if [[ -f $folder/.recipe && $(<"$folder/.recipe") == "$recipe" ]] && all_made; then
    exit 0
fi
[[ -f $folder/python/.interpreter ]] || die "the impostor's voice is not here: run 'make setup' with Python 3.11 to 3.14, or give a recording: make demo INPUT=call.wav"
[[ -f $folder/pictures/.wheels ]] || die "the callers' pictures are not here: run 'make setup', or give a recording: make demo INPUT=call.wav"

# run_python SCRIPT: -s and -E: nothing of the user's own Python packages or settings is seen.
run_python() {
    "$(<"$folder/python/.interpreter")" -B -E -s -c '
import runpy, sys
sys.path[:0] = sys.argv[1:3]
sys.argv = sys.argv[3:]
runpy.run_path(sys.argv[0], run_name="__main__")
' "$folder/python" "$scripts" "$scripts/$1" "$folder"
}

say "making the two callers"
rm -f "$folder/.recipe"
run_python make_voices.py
run_python make_clips.py
printf '%s\n' "$recipe" >"$folder/.recipe"
