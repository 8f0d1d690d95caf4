#!/usr/bin/env bash
# Measures; takes minutes. CALLGUARD_SIMULATION=long makes the simulation suite draw more guests.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
cd "$ROOT"

cargo bench --workspace --locked --benches
CALLGUARD_SIMULATION=long cargo test --release --locked -p callguard-core --test simulation -- --nocapture
