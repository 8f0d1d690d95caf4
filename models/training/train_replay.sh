#!/usr/bin/env bash
# From data to network, manifest and card: the face-replay model of this project, or one of your own.
#
# usage: train_replay.sh DATA [WORK]
#   DATA  clips.csv, faces/faces.csv, negatives/ (photographs without people): see face/README.md
#   WORK  everything in between (default: target/replay); an interrupted run goes on where it stopped
# Environment: YUNET (yunet_n_dynamic.onnx), BASELINE (folder of MiniFASNet's two graphs) and MEDIAPIPE (face/README.md): all needed; FACE (target/face: pictures.csv
#   is taken from it, or made there), PYTHON (python3), TALKS (what originals.py wrote), PAIRS (5000),
#   DEVICE (cpu; or cuda) and WORKERS (0; processes that make batches).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
data=${1:?usage: train_replay.sh DATA [WORK]}
work=${2:-$root/target/replay}
face=${FACE:-$root/target/face}
python=${PYTHON:-python3}
replay=$here/replay
# Without these, a third of the time goes into giving pages back to the system and fetching them again.
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=20000000000 MALLOC_TOP_PAD_=500000000 OMP_NUM_THREADS=1

[[ -f $data/clips.csv && -d $data/negatives ]] || { echo "train_replay.sh: no clips.csv and negatives/ in $data" >&2; exit 2; }
[[ -f ${YUNET:-} && -d ${BASELINE:-} && -d ${MEDIAPIPE:-} ]] || { echo "train_replay.sh: name YUNET (a graph), BASELINE and MEDIAPIPE (folders)" >&2; exit 2; }
"$python" -c 'import torch, onnxruntime, cv2, sklearn' || {
    echo "train_replay.sh: install the packages of models/training/requirements.txt" >&2
    exit 2
}
mkdir -p "$work" "$face"
if [[ ! -f $face/pictures.csv ]]; then
    "$python" "$here/face/pictures.py" "$data" "$face" ${TALKS:+--talks "$TALKS"}
fi
common=(--face "$face" --yunet "$YUNET" --walls "$data/negatives")
"$python" "$replay/surroundings.py" "$work" "${common[@]}" --pairs "${PAIRS:-5000}"
"$python" "$replay/shots.py" "$work" "${common[@]}"
fit() { # fit NAME OPTION...: two networks and the mean of their weights
    local name=$1
    shift
    "$python" "$replay/replayfit.py" "$work" --face "$face" --name "$name-short" "$@" --steps 900 --device "${DEVICE:-cpu}" --workers "${WORKERS:-0}"
    "$python" "$replay/replayfit.py" "$work" --face "$face" --name "$name-long" "$@" --steps 1800 --dim 0.25 --device "${DEVICE:-cpu}" --workers "${WORKERS:-0}"
    "$python" "$here/mean.py" "$work/runs/$name/net.pt" "$work/runs/$name-short/net.pt" "$work/runs/$name-long/net.pt"
}
for fold in 0 1 2 3 4; do
    fit "fold$fold" --fold "$fold"
    "$python" -W ignore "$replay/replaynet.py" "$work/runs/fold$fold/net.pt" "$work/runs/fold$fold/face-replay.onnx"
done
fit final
PYTHON=$python FACE=$face "$root/models/evaluate/evaluate_replay.sh" "$data" "$work"
