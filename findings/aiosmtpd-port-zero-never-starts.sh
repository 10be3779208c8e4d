#!/usr/bin/env bash
# aiosmtpd 1.4.6: a Controller told to take any free port (0) cannot be started, though it listens.
#
# With port 0 the system chooses a free port; servers of asyncio, socketserver and http.server can be asked for it afterwards. A good guess is that
# a test's mail server starts so too. But Controller.start() makes sure that the server answers by connecting to the port that it was
# given, not to the one that it got: it connects to port 0, which nobody can listen on, and raises. A port must be chosen beforehand.
#
# Seen, in the last lines below:
#   port 0: ConnectionRefusedError
#   a port chosen beforehand: starts
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check aiosmtpd==1.4.6
cat > "$folder/shown.py" <<'PYTHON'
import socket
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink


def tried(port: int) -> str:
    controller = Controller(Sink(), hostname="127.0.0.1", port=port)
    try:
        controller.start()
    except OSError as error:
        return type(error).__name__
    controller.stop()
    return "starts"


with socket.create_server(("127.0.0.1", 0)) as listener:
    free = listener.getsockname()[1]
seen = {"port 0": tried(0), "a port chosen beforehand": tried(free)}
for what, outcome in seen.items():
    print(f"{what}: {outcome}")
sys.exit(seen != {"port 0": "ConnectionRefusedError", "a port chosen beforehand": "starts"})
PYTHON
"$folder/venv/bin/python" "$folder/shown.py"
