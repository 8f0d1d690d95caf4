#!/usr/bin/env bash
# From data to network, manifest and card: the face-forgery model of this project, or one of your own.
#
# usage: train_face.sh DATA [WORK]
#   DATA  clips.csv and clips/, faces/faces.csv, more.csv and originals.py: see README.md here
#   WORK  everything in between (default: target/face); an interrupted run goes on where it stopped
# Environment: YUNET (yunet_n_dynamic.onnx), TAEF2 (folder of encoder.onnx and decoder.onnx), and for measuring BASELINE, MESONET and
#   MEDIAPIPE (folders: face/README.md here): all needed;
#   PYTHON (python3), SNAPSHOTS (folder of git snapshots for originals.py) or TALKS (what it wrote), STEPS (320),
#   DEVICE (cpu; or cuda) and WORKERS (0; processes that make batches).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
data=${1:?usage: train_face.sh DATA [WORK]}
work=${2:-$root/target/face}
python=${PYTHON:-python3}
steps=${STEPS:-320}
swapper=iperov/DeepFaceLive
face=$here/face
talks=${TALKS:-}
# Without these, a third of the time goes into giving pages back to the system and fetching them again.
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=20000000000 MALLOC_TOP_PAD_=500000000 GLIBC_TUNABLES=glibc.malloc.hugetlb=1 THP_MEM_ALLOC_ENABLE=1 OMP_NUM_THREADS=1

[[ -f $data/clips.csv ]] || { echo "train_face.sh: no clips.csv in $data" >&2; exit 2; }
[[ -f ${YUNET:-} && -d ${TAEF2:-} && -d ${BASELINE:-} && -d ${MESONET:-} && -d ${MEDIAPIPE:-} ]] || {
    echo "train_face.sh: name YUNET (a graph), TAEF2, BASELINE, MESONET and MEDIAPIPE (folders): see models/training/face/README.md" >&2
    exit 2
}
"$python" -c 'import torch, onnxruntime, cv2, sklearn' || {
    echo "train_face.sh: install the packages of models/training/requirements.txt" >&2
    exit 2
}
mkdir -p "$work"
once() { # once MARK COMMAND...: runs a step unless it was finished before
    local mark=$work/.$1
    shift
    [[ -e $mark ]] || { "$@" && touch "$mark"; }
}

if [[ -n ${SNAPSHOTS:-} ]]; then
    talks=$work/more
    once more "$python" "$data/originals.py" "$SNAPSHOTS" "$talks" --list more.csv
fi
once pictures "$python" "$face/pictures.py" "$data" "$work" ${talks:+--talks "$talks"}
once frames "$python" "$face/frames.py" "$work" --yunet "$YUNET"
once copies "$python" "$face/copies.py" "$work" --taef2 "$TAEF2"
fit() { # fit NAME OPTION...: two networks and the mean of their weights
    local name=$1 large
    shift
    for large in 0 0.5; do
        once "$name-$large-$steps" "$python" "$face/fit.py" "$work" --name "$name-$large" "$@" --large "$large" --steps "$steps" --pairs 12 --device "${DEVICE:-cpu}" --workers "${WORKERS:-0}"
    done
    "$python" "$here/mean.py" "$work/runs/$name/net.pt" "$work/runs/$name-0/net.pt" "$work/runs/$name-0.5/net.pt"
}
graph() { # graph NAME
    once "$1-graph" "$python" -W ignore "$face/to_onnx.py" "$work/runs/$1/net.pt" "$work/runs/$1/face-forgery.onnx"
}
for fold in 0 1 2 3 4; do
    fit "fold$fold" --fold "$fold"
    graph "fold$fold"
done
if grep -q "$swapper" "$work/pictures.csv"; then # one that never met the swapper of the pairs
    fit unswapped --without "$swapper"
    graph unswapped
fi
fit final
PYTHON=$python "$root/models/evaluate/evaluate_face.sh" "$data" "$work"
