#!/usr/bin/env bash
# Measures the folds' face-forgery networks, calibrates, and writes network, manifest and card of the final one.
#
# usage: evaluate_face.sh DATA [WORK]     (WORK as train_face.sh left it; default target/face)
# Environment: PYTHON (python3), YUNET (yunet_n_dynamic.onnx; without it the dark and the small version are not measured).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
data=${1:?usage: evaluate_face.sh DATA [WORK]}
work=${2:-$root/target/face}
python=${PYTHON:-python3}

[[ -f $work/runs/final/net.pt ]] || { echo "evaluate_face.sh: nothing is trained in $work from $data; run models/training/train_face.sh first" >&2; exit 2; }
if [[ -f ${YUNET:-} ]]; then
    "$python" "$root/models/training/face/frames.py" "$work" --yunet "$YUNET" --versions dark,small
fi
"$python" "$here/face_score.py" "$work"
"$python" "$here/face_trivial.py" "$work"
"$python" "$here/face_measure.py" "$work"
"$python" "$here/face_ship.py" "$work"
if [[ -x $root/target/release/callguard ]]; then
    "$python" "$here/face_scan.py" "$work" "$root/target/release/callguard"
    "$python" "$here/face_ship.py" "$work"
fi
