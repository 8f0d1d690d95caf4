#!/usr/bin/env bash
# Measures the folds' face-forgery networks beside published ones, calibrates, and writes network, manifest and card of the final one.
#
# usage: evaluate_face.sh DATA [WORK]     (WORK as train_face.sh left it; default target/face)
# Environment: YUNET (yunet_n_dynamic.onnx), BASELINE (folder of MiniFASNet's two graphs), MESONET (folder of Meso4_F2F.onnx and
#   MesoInception_F2F.onnx) and MEDIAPIPE (folder of mediapipe 0.10.14; see models/training/face/README.md): all needed; PYTHON (python3).
# What it renders and what published networks answer stays in WORK/frames, odd and baseline: an interrupted run goes on where it stopped.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
data=${1:?usage: evaluate_face.sh DATA [WORK]}
work=${2:-$root/target/face}
python=${PYTHON:-python3}

[[ -f $work/runs/final/net.pt ]] || { echo "evaluate_face.sh: nothing is trained in $work from $data; run models/training/train_face.sh first" >&2; exit 2; }
[[ -f ${YUNET:-} && -d ${BASELINE:-} && -d ${MESONET:-} && -d ${MEDIAPIPE:-} ]] || {
    echo "evaluate_face.sh: name YUNET (a graph), BASELINE, MESONET and MEDIAPIPE (folders): see models/training/face/README.md" >&2
    exit 2
}
"$python" "$root/models/training/face/frames.py" "$work" --yunet "$YUNET" --versions dark,small
"$python" "$here/face_score.py" "$work"
"$python" "$here/face_trivial.py" "$work"
"$python" "$here/face_baseline.py" "$work" --yunet "$YUNET" --minifasnet "$BASELINE" --mesonet "$MESONET"
"$python" "$here/face_measure.py" "$work"
"$python" -W ignore "$here/face_odd.py" "$work" "$data" --yunet "$YUNET" --mediapipe "$MEDIAPIPE"
"$python" "$here/face_strange.py" "$work" face-forgery
"$python" "$here/face_worst.py" "$work"
"$python" "$here/face_ship.py" "$work"
if [[ -x $root/target/release/callguard ]]; then
    "$python" "$here/face_scan.py" "$work" "$root/target/release/callguard"
    "$python" "$here/face_ship.py" "$work"
fi
