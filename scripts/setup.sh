#!/usr/bin/env bash
# Installs what building, testing and the demo need; says nothing and takes a moment when all is there.
#   GPU=1     also ONNX Runtime with CUDA 13 (x86_64, about 2 GB)
#   PYTHON=…  the Python whose pip fetches the wheels (nothing is installed into it)
set -euo pipefail
source "$(dirname "$0")/lib.sh"
source "$ROOT/scripts/setup/packages.sh"
source "$ROOT/scripts/setup/wheels.sh"

check_platform() {
    [[ $(uname -s) == Linux ]] || die "Linux is what is supported now; this is $(uname -s)."
    case $(uname -m) in
    x86_64 | aarch64) ;;
    *) die "ONNX Runtime is fetched for x86_64 and aarch64; this is $(uname -m)." ;;
    esac
}

check_rust() {
    local wanted found
    wanted=$(sed -n 's/^rust-version *= *"\(.*\)"/\1/p' "$ROOT/Cargo.toml")
    if ! have cargo || ! have rustc; then
        die "Rust is missing. Install it from https://rustup.rs (stable, $wanted or newer), then run this again."
    fi
    found=$(rustc --version | awk '{ print $2 }')
    if [[ $(printf '%s\n' "$wanted" "${found%%-*}" | sort -V | head -n 1) != "$wanted" ]]; then
        die "Rust $found is too old, $wanted or newer is needed: run 'rustup update stable', or install Rust from https://rustup.rs."
    fi
}

check_platform
check_rust
mkdir -p "$ROOT/target"
# Two makes at once must not install over one another.
exec 9>"$ROOT/target/.setup.lock"
if have flock; then flock 9; fi
install_packages
install_onnxruntime
if [[ ${GPU:-} == 1 ]]; then install_onnxruntime_gpu; fi
install_demo_voices
install_demo_pictures
