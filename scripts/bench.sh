#!/usr/bin/env bash
# Measures; takes minutes. The simulation of the promise draws more guests than in `make test` and writes docs/simulation.*.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
cd "$ROOT"

cargo bench --workspace --locked --benches
cargo run --release --locked -p callguard-benches --bin simulation -- docs
cargo build --release --locked -p callguard
cargo run --release --locked -p callguard-benches --bin camera -- target/release/callguard
