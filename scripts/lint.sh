#!/usr/bin/env bash
# What a reviewer need not look for: formatting, clippy, and (where installed) shellcheck and cargo-deny.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
cd "$ROOT"

cargo fmt --all --check
cargo clippy --workspace --all-targets --locked -- -D warnings
if have shellcheck; then
    git ls-files '*.sh' .ci/run | xargs shellcheck --external-sources --source-path=SCRIPTDIR
else
    warn "shellcheck is not installed: the shell scripts were not checked."
fi
if have cargo-deny; then
    cargo deny check
else
    warn "cargo-deny is not installed: licences and advisories were not checked (cargo install cargo-deny)."
fi
say "lint: clean"
