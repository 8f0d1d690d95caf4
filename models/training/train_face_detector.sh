#!/usr/bin/env bash
# From data to network and card: the face detector of this project, or one of your own.
#
# usage: train_face_detector.sh DATA [WORK]
#   DATA  clips.csv, faces/faces.csv and negatives/: see face_detector/README.md here
#   WORK  everything in between (default: target/faces-detector); an interrupted run goes on where it stopped
# Environment: YUNET (folder of yunet_n_320_320.onnx and yunet_s_320_320.onnx of libfacedetection.train; needed), PYTHON (python3), STEPS (8000),
# DEVICE (cpu; cuda), WORKERS (0: processes that make pictures beside the one that trains), TALKS (long recordings to measure on: see face_detector.py).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
data=${1:?usage: train_face_detector.sh DATA [WORK]}
work=${2:-$root/target/faces-detector}
yunet=${YUNET:?train_face_detector.sh: YUNET must name the folder of the teacher, yunet_n_320_320.onnx}
python=${PYTHON:-python3}
steps=${STEPS:-8000}
detector=$here/face_detector
list=$root/models/cards/face-detector-data.csv
export OMP_NUM_THREADS=1

[[ -f $data/clips.csv && -f $data/faces/faces.csv ]] || { echo "train_face_detector.sh: no clips.csv or no faces/faces.csv in $data" >&2; exit 2; }
"$python" -c 'import cv2, torch, onnxruntime, scipy' || {
    echo "train_face_detector.sh: install the packages of models/training/requirements.txt" >&2
    exit 2
}
mkdir -p "$work"
once() { # once MARK COMMAND...: runs a step unless it was finished before
    local mark=$work/.$1
    shift
    [[ -e $mark ]] || { "$@" && touch "$mark"; }
}

once corpus "$python" "$detector/corpus.py" "$data" "$work" "$list"
once final "$python" "$detector/train.py" "$data" "$work" "$list" --teacher "$yunet/yunet_n_320_320.onnx" --name final --steps "$steps" --device "${DEVICE:-cpu}" --workers "${WORKERS:-0}"
"$python" -W ignore "$detector/export.py" "$work/runs/final/net.pt" "$root/models/face-detector.onnx"
"$python" "$root/models/evaluate/face_detector.py" "$data" "$work" "$root/models/face-detector.onnx" --yunet-n "$yunet/yunet_n_320_320.onnx" --yunet-s "$yunet/yunet_s_320_320.onnx" ${TALKS:+--talks "$TALKS"}
"$python" "$root/models/evaluate/face_detector_card.py" "$work"
