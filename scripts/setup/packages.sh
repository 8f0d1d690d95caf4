# shellcheck shell=bash
# System packages: apt on Debian 12 and newer and Ubuntu 24.04 and newer; a list of what is missing elsewhere.

PACKAGES=(
    # Building: C parts of crates, headers of GStreamer and of the sound servers (pipewire's are read by libclang).
    gcc libc6-dev pkg-config
    libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev
    libasound2-dev libpipewire-0.3-dev libclang-dev
    # Running: what opens and decodes a call, and gst-launch-1.0. Of the bad plug-ins: parsers without which H.264 comes out of no FLV and
    # no transport stream, and the demuxer of those. Of x: windows. Nice: the network side of WebRTC.
    gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav gstreamer1.0-x gstreamer1.0-nice
    # Tests and demo: recordings to make and to convert, human prompts, the fetching of wheels.
    ffmpeg espeak-ng sox python3 python3-pip asterisk-core-sounds-en-g722
    # Tests: a screen and a session with a virtual camera; a line that loses packets.
    xvfb pipewire wireplumber gstreamer1.0-pipewire dbus openssl nftables iproute2
)
# Tests: a caller's browser. Elsewhere it comes as a snap, which apt cannot bring into a container; the test is skipped there.
if grep -qs '^ID=debian$' /etc/os-release; then PACKAGES+=(chromium); fi

# Each line: a check, a tab, what it stands for.
REQUIREMENTS="\
have cc	a C compiler
have pkg-config	pkg-config
pkg-config --atleast-version=1.22 gstreamer-1.0	GStreamer 1.22 or newer, with headers
pkg-config --exists gstreamer-app-1.0 gstreamer-audio-1.0 gstreamer-video-1.0 gstreamer-sdp-1.0 gstreamer-check-1.0	GStreamer's base libraries, with headers
pkg-config --exists alsa	ALSA, with headers
pkg-config --exists libpipewire-0.3	PipeWire, with headers
have_libclang	libclang
have gst-launch-1.0	GStreamer's tools
have_gst_element wavparse	GStreamer's good plug-ins
have_gst_element srt	GStreamer's SRT elements (bad plug-ins)
have_gst_element videoparsersbad	GStreamer's bad plug-ins
have_gst_element avdec_aac	GStreamer's libav plug-ins
have_gst_element ximagesink	GStreamer's X11 sinks
have_gst_element nice	GStreamer's ICE elements (libnice)
have ffmpeg	ffmpeg
have espeak-ng	espeak-ng
have sox	sox
find_python	Python 3 with pip"

# Read from the plug-in folder: gst-inspect-1.0 would rebuild a registry, which takes seconds.
have_gst_element() {
    local folder
    folder=$(pkg-config --variable=pluginsdir gstreamer-1.0 2>/dev/null) || return 1
    case $1 in
    avdec_*) [[ -e $folder/libgstlibav.so ]] ;;
    *) [[ -e $folder/libgst$1.so ]] ;;
    esac
}

have_libclang() {
    [[ -n ${LIBCLANG_PATH:-} ]] || ldconfig -p 2>/dev/null | grep -q libclang || compgen -G '/usr/lib/llvm*/lib/libclang*.so*' >/dev/null
}

missing_packages() {
    local installed name
    installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${PACKAGES[@]}" 2>/dev/null || true)
    for name in "${PACKAGES[@]}"; do
        grep -qx "installed $name" <<<"$installed" || printf '%s\n' "$name"
    done
}

apt_install() {
    local as_root=()
    if [[ $EUID -ne 0 ]]; then
        have sudo || die "these packages are missing and sudo is not here to install them: $*"
        as_root=(sudo)
    fi
    # A new machine's package lists may be absent or old: they are fetched when an install does not work without.
    if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >"$ROOT/target/apt.log" 2>&1; then
        "${as_root[@]}" apt-get update -q >"$ROOT/target/apt.log" 2>&1 || warn "apt-get update failed (target/apt.log); going on with the lists that are there."
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >>"$ROOT/target/apt.log" 2>&1 ||
            { tail -n 5 "$ROOT/target/apt.log" >&2; die "apt-get could not install $* (all of it: target/apt.log)."; }
    fi
}

install_packages() {
    local missing check meaning
    if have apt-get && have dpkg-query; then
        mapfile -t missing < <(missing_packages)
        [[ ${#missing[@]} -eq 0 ]] && return 0
        say "installing with apt: ${missing[*]}"
        apt_install "${missing[@]}"
        return 0
    fi
    missing=()
    while IFS=$'\t' read -r check meaning; do
        eval "$check" >/dev/null 2>&1 || missing+=("$meaning")
    done <<<"$REQUIREMENTS"
    [[ ${#missing[@]} -eq 0 ]] && return 0
    warn "this system has no apt; install these by its own package manager, then run this again:"
    printf '  - %s\n' "${missing[@]}" >&2
    exit 1
}
