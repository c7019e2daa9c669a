# shellcheck shell=bash
# What every script of Tools/ shares: messages, errors that name the thing, temporary
# directories and processes that never outlive the script. Source it first:
#
#     . "$(dirname "$(readlink -f "$0")")/lib/common.sh"

set -euo pipefail

# Debian keeps daemons in sbin, which is not on every user's PATH.
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
PROGRAM=$(basename "$0")
export ROOT PROGRAM

# Kept between runs, outside the repository, safe to delete at any time.
CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/swift-ovn
export CACHE

say() { printf '%s: %s\n' "$PROGRAM" "$*" >&2; }

die() {
    say "$*"
    exit 1
}

# need PROGRAM...: stop with a hint if one of them is not installed.
need() {
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null ||
            die "$program is not installed (Tools/setup installs what is needed)"
    done
}

# Everything registered here is undone, in reverse order, when the script ends in any way.
CLEANUPS=()

# at_exit COMMAND ARGUMENT...
at_exit() {
    CLEANUPS+=("$(printf '%q ' "$@")")
    trap run_cleanups EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
}

run_cleanups() {
    local status=$? index
    trap '' INT TERM HUP
    for ((index = ${#CLEANUPS[@]} - 1; index >= 0; index--)); do
        eval "${CLEANUPS[index]}" || true
    done
    CLEANUPS=()
    return "$status"
}

# make_temporary VARIABLE: sets it to a new directory that goes away with the script.
make_temporary() {
    local -n made=$1
    made=$(mktemp -d "${TMPDIR:-/tmp}/swift-ovn.XXXXXX")
    at_exit rm -rf "$made"
}

# swift_build ARGUMENT...: `swift build`, without the directory that each leaves in TMPDIR.
swift_build() {
    local scratch status=0
    make_temporary scratch
    TMPDIR=$scratch swift build "$@" || status=$?
    rm -rf "$scratch"
    return $status
}

# Where programs are that were built as they are installed: optimised, and self-contained, so that they run
# where no Swift is installed.
RELEASE_PROGRAMS=$ROOT/.build-install/release

# build_release PROGRAM
build_release() {
    swift_build -c release --package-path "$ROOT" --scratch-path "$(dirname "$RELEASE_PROGRAMS")" \
        --static-swift-stdlib -Xlinker --gc-sections -Xlinker -s --product "$1"
}

# stop_process PID: ends one process that this script started, and waits until it is gone.
stop_process() {
    local pid=$1 tries
    kill "$pid" 2>/dev/null || return 0
    for ((tries = 0; tries < 50; tries++)); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
}

# as_root COMMAND...: runs it with the rights of root.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else
        need sudo
        sudo "$@"
    fi
}
