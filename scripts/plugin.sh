#!/usr/bin/env bash
# Builds the GStreamer plug-in as a library of its own, for gst-launch-1.0 and other programs.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
cd "$ROOT"

cargo build --release --locked -p gst-callguard
say "built target/release/libgstcallguard.so; try:"
cat <<END

  GST_PLUGIN_PATH=$ROOT/target/release gst-inspect-1.0 callguardaudio
  GST_PLUGIN_PATH=$ROOT/target/release gst-launch-1.0 -m \\
      filesrc location=call.wav ! decodebin ! audioconvert ! callguardaudio ! fakesink sync=true

END
