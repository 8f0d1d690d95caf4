#!/usr/bin/env bash
# Makes the demo's callers once, into target/demo; again when their recipe has changed.
set -euo pipefail
source "$(dirname "$0")/../lib.sh"

voices=$ROOT/target/demo
recipe=$(cat "$ROOT/scripts/demo/make_voices.py" "$ROOT/scripts/demo/voices.txt" | sha256sum)
if [[ -f $voices/.recipe && $(<"$voices/.recipe") == "$recipe" && -f $voices/caller-genuine.wav && -f $voices/caller-impostor.wav ]]; then
    exit 0
fi
[[ -f $voices/python/.interpreter ]] || die "the impostor's voice is not here: run 'make setup' with Python 3.11 to 3.14, or give a recording: make demo INPUT=call.wav"
say "making the two callers"
# -s and -E: nothing of the user's own Python packages or settings is seen.
PYTHONPATH='' "$(<"$voices/python/.interpreter")" -s -c '
import runpy, sys
sys.path.insert(0, sys.argv[1])
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
' "$voices/python" "$ROOT/scripts/demo/make_voices.py" "$voices"
printf '%s\n' "$recipe" >"$voices/.recipe"
