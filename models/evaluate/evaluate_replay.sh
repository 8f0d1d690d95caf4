#!/usr/bin/env bash
# Measures the folds' face-replay networks, calibrates, and writes network, manifest and card of the final one.
#
# usage: evaluate_replay.sh DATA [WORK]     (WORK as train_replay.sh left it; default target/replay)
# Environment: YUNET (yunet_n_dynamic.onnx), BASELINE (folder of MiniFASNet's two graphs) and MEDIAPIPE (folder of mediapipe 0.10.14; see
#   models/training/face/README.md): all needed; FACE (default target/face), PYTHON (python3).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
data=${1:?usage: evaluate_replay.sh DATA [WORK]}
work=${2:-$root/target/replay}
face=${FACE:-$root/target/face}
python=${PYTHON:-python3}

[[ -f $work/runs/final/net.pt ]] || { echo "evaluate_replay.sh: nothing is trained in $work from $data; run models/training/train_replay.sh first" >&2; exit 2; }
[[ -f ${YUNET:-} && -d ${BASELINE:-} && -d ${MEDIAPIPE:-} ]] || { echo "evaluate_replay.sh: name YUNET (a graph), BASELINE and MEDIAPIPE (folders)" >&2; exit 2; }
"$python" "$here/replay_score.py" "$work" --face "$face" --baseline "$BASELINE" --images "$data" --yunet "$YUNET"
"$python" "$here/replay_measure.py" "$work"
"$python" -W ignore "$here/face_odd.py" "$face" "$data" --yunet "$YUNET" --mediapipe "$MEDIAPIPE"
"$python" "$here/face_strange.py" "$work" face-replay --face "$face"
"$python" "$here/replay_ship.py" "$work" --face "$face"
