#!/usr/bin/env bash
# Measures the folds' networks through callguard's own front end, calibrates, and writes network, manifest and card of the final one.
#
# usage: evaluate.sh DATA [WORK]     (WORK as train_voice.sh left it; default target/voice)
# Environment: PYTHON, SUPPRESSORS and SNAPSHOTS as in train_voice.sh, NEURAL_OPUS and SUNG (see ../training/README.md), AASIST (folder of aasist.onnx and aasist-l.onnx: the published weights to stand beside)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
data=${1:?usage: evaluate.sh DATA [WORK]}
work=${2:-$root/target/voice}
python=${PYTHON:-python3}

[[ -f $work/runs/final/listener.pt ]] || { echo "evaluate.sh: nothing is trained in $work; run models/training/train_voice.sh first" >&2; exit 2; }
cargo build --release --locked --manifest-path "$root/Cargo.toml" -p callguard-audio --example voice_windows
"$python" "$here/render.py" "$data" "$work"
"$python" "$here/odd.py" "$data" "$work"
"$python" "$here/trivial.py" "$work"
"$python" "$here/score.py" "$work" "$root/target/release/examples/voice_windows"
"$python" "$here/measure.py" "$work"
"$python" "$here/same.py" "$work"
[[ -z ${AASIST:-} ]] || "$python" "$here/baseline.py" "$work" "$AASIST/aasist.onnx" "$AASIST/aasist-l.onnx"
cargo build --release --locked --manifest-path "$root/Cargo.toml" -p callguard
"$python" "$here/scan.py" "$work" "$root/target/release/callguard" --kind talk --most 60
"$python" "$here/scan.py" "$work" "$root/target/release/callguard" --kind clip --most 160
"$python" "$here/ship.py" "$work"
