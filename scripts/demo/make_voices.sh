#!/usr/bin/env bash
# The former name of make_callers.sh.
exec "$(dirname "$0")/make_callers.sh"
