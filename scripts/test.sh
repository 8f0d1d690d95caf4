#!/usr/bin/env bash
# Everything that CI runs: each stage runs even when one before it failed; a summary comes last.
set -uo pipefail
source "$(dirname "$0")/lib.sh"
cd "$ROOT" || exit 1

passed=0 failed=0 skipped=0
results=()

# stage NAME COMMAND…
stage() {
    local name=$1 start=$SECONDS
    shift
    say "$name"
    if "$@"; then
        passed=$((passed + 1))
        results+=("${GREEN}passed${PLAIN}   $name ($((SECONDS - start)) s)")
    else
        failed=$((failed + 1))
        results+=("${RED}FAILED${PLAIN}   $name ($((SECONDS - start)) s)")
    fi
}

skip() {
    skipped=$((skipped + 1))
    results+=("${YELLOW}skipped${PLAIN}  $1: $2")
}

run_tests() {
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --workspace --locked --no-fail-fast
    else
        cargo test --workspace --locked --no-fail-fast --lib --bins --tests
    fi
}

# The tests of the Python scripts (training, evaluation), where their packages are installed.
python_tests() {
    local found
    found=$(find models -name 'test_*.py' -print -quit)
    [[ -n $found ]] || return 0
    if python3 -c 'import numpy, onnxruntime, torch' 2>/dev/null; then
        stage "Python tests" python3 -m unittest discover --start-directory models --pattern 'test_*.py'
    else
        skip "Python tests" "numpy, onnxruntime and torch are not installed for python3 (models/training/requirements.txt)"
    fi
}

stage "formatting" cargo fmt --all --check
stage "clippy, warnings denied" cargo clippy --workspace --all-targets --locked -- -D warnings
stage "unit, property, harness and end-to-end tests" run_tests
stage "doc tests" cargo test --workspace --locked --doc
stage "what the demo says of a run" python3 -m unittest discover --quiet --start-directory scripts/demo
stage "demo voices and pictures are in no training list" python3 scripts/demo/check_lists.py
python_tests

echo
say "summary"
printf '  %s\n' "${results[@]}"
printf 'stages: %d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[[ $failed -eq 0 ]]
