#!/usr/bin/env bash
# The demo: callers wait to go on air, and Callguard listens to all of them at once, live.
#   INPUT=call.wav  guards a recording of one's own instead
# Ends with 0 whatever the verdicts are (they are the result, not an error), otherwise only when something broke.
set -euo pipefail
source "$(dirname "$0")/../lib.sh"

# Before the change of folder: INPUT is relative to where make was called.
input=${INPUT:-}
if [[ -n $input && $input != *://* ]]; then
    [[ -f $input ]] || die "there is no file $input"
    input=$(realpath "$input")
fi
cd "$ROOT"

say "building callguard (the first time takes minutes)"
cargo build --release --locked -p callguard

out=target/demo/run
rm -rf "$out"
mkdir -p "$out"

calls=()
if [[ -n $input ]]; then
    calls+=(--call your-call "$input")
    cat <<END

  ${BOLD}One call${PLAIN}, played into the live path at the pace at which it was spoken:
    your-call   $input

END
else
    scripts/demo/make_voices.sh
    calls+=(--call line-1 target/demo/caller-genuine.wav --call line-2 target/demo/caller-impostor.wav)
    cat <<END

  ${BOLD}A phone-in's screening desk.${PLAIN} Two callers wait to go on air and talk at the same time, for half a minute:
    line-1   a person: Allison Smith, recorded reading telephone prompts (Debian's asterisk-core-sounds-en-g722)
    line-2   nobody: a neural voice, hibari-tts, made on this machine a moment ago
  Callguard is not told which is which. No model here was trained or calibrated on either voice.
  Both came over the same telephone line (G.722), at the same level, and are heard live, second by second.

END
fi

# Plain lines also on a terminal: they stay when the demo has ended.
status=0
target/release/callguard watch "${calls[@]}" --plain \
    --jsonl "$out/events.jsonl" \
    --on-alert "scripts/demo/desk.py $out/desk.txt" \
    --report "$out/report" || status=$?
[[ $status -eq 0 ]] || die "callguard watch ended with $status. Its last lines say why; 'target/release/callguard doctor' says what is missing."

python3 scripts/demo/outcome.py "$out" "$([[ -n $input ]] || echo line-1=genuine line-2=impostor)"
