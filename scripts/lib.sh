# shellcheck shell=bash disable=SC2034
# Shared by the scripts beside this file: where the checkout is, and how to speak.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH="$PATH:$HOME/.cargo/bin"

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    BOLD=$'\e[1m' RED=$'\e[31m' GREEN=$'\e[32m' YELLOW=$'\e[33m' PLAIN=$'\e[0m'
else
    BOLD='' RED='' GREEN='' YELLOW='' PLAIN=''
fi

say() { printf '%s\n' "${BOLD}callguard:${PLAIN} $*"; }
warn() { printf '%s\n' "${YELLOW}callguard:${PLAIN} $*" >&2; }
die() {
    printf '%s\n' "${RED}callguard:${PLAIN} $*" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# The first Python that has pip, into $PYTHON: a user's own may lack it where the system's has it.
find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 /usr/bin/python3; do
        if "$candidate" -m pip --version >/dev/null 2>&1; then
            PYTHON=$candidate
            return 0
        fi
    done
    return 1
}
