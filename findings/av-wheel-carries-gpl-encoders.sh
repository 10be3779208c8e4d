#!/usr/bin/env bash
# av 18.1.0 (PyAV, Linux wheel): declared BSD-3-Clause, its FFmpeg calls itself LGPL, and with it come the encoders x264 and x265.
#
# Whoever only decodes sound through it (faster-whisper needs it for that) reads BSD-3-Clause in the metadata, as a licence checker does; who asks
# the FFmpeg inside gets "LGPL". A good guess is that neither can be if GPL encoders are built in, since FFmpeg's own configure wants
# --enable-gpl for them. But this build has --enable-libx264 and --enable-libx265 without it, and libx264.so and libx265.so, which
# their makers publish under the GPL (or a paid licence), lie in the wheel. Metadata and FFmpeg's word do not tell; the files do.
#
# Seen, in the last lines below:
#   declared: BSD-3-Clause
#   FFmpeg says of itself: LGPL version 3 or later
#   built with --enable-gpl: False
#   encoders that can be used: libx264 libx265
#   libraries in the wheel: libx264 libx265
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: av==18.1.0
cat > "$folder/shown.py" <<'PYTHON'
import ctypes
import importlib.metadata
import pathlib
import sys

import av

metadata = importlib.metadata.metadata("av")
libraries = pathlib.Path(av.__file__).parents[1] / "av.libs"
names = sorted({file.name.split("-")[0] for file in libraries.iterdir()})
codec = ctypes.CDLL(str(next(libraries.glob("libavcodec-*"))))
codec.avcodec_license.restype = ctypes.c_char_p
codec.avcodec_configuration.restype = ctypes.c_char_p
ENCODERS = ("libx264", "libx265")
seen = {
    "declared": metadata["License-Expression"] or metadata["License"],
    "FFmpeg says of itself": codec.avcodec_license().decode(),
    "built with --enable-gpl": "--enable-gpl" in codec.avcodec_configuration().decode().split(),
    "encoders that can be used": " ".join(name for name in ENCODERS if name in av.codecs_available),
    "libraries in the wheel": " ".join(name for name in names if name in ENCODERS),
}
for what, value in seen.items():
    print(f"{what}: {value}")
expected = ["BSD-3-Clause", "LGPL version 3 or later", False, "libx264 libx265", "libx264 libx265"]
sys.exit(list(seen.values()) != expected)
PYTHON
"$folder/venv/bin/python" "$folder/shown.py"
