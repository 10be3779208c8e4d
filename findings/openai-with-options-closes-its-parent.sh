#!/usr/bin/env bash
# openai 3.54.0 (Python): closing the client that with_options() returned closes the client that it was made of.
#
# client.with_options(timeout=5) gives a client with other options, to be used for one call or for many; both are context managers. A good guess
# is that "with client.with_options(...) as other:" lets go of what belongs to that copy. But the copy shares the HTTP client of its
# parent, and close() closes that: every later call of the parent fails with a RuntimeError of the
# HTTP client, of which openai makes no error of its own.
#
# Seen, in the last lines below:
#   the parent before: answers
#   the parent after its copy was closed: RuntimeError
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check openai==3.54.0
cat > "$folder/shown.py" <<'PYTHON'
import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import openai


class Models(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"object": "list", "data": []}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def asked(client: openai.OpenAI) -> str:
    try:
        client.models.list()
    except Exception as error:
        return type(error).__name__
    return "answers"


server = HTTPServer(("127.0.0.1", 0), Models)
Thread(target=server.serve_forever, daemon=True).start()
client = openai.OpenAI(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none", max_retries=0)
seen = {"the parent before": asked(client)}
with client.with_options(timeout=5) as other:
    other.models.list()
seen["the parent after its copy was closed"] = asked(client)
for what, outcome in seen.items():
    print(f"{what}: {outcome}")
server.shutdown()
sys.exit(seen != {"the parent before": "answers", "the parent after its copy was closed": "RuntimeError"})
PYTHON
"$folder/venv/bin/python" "$folder/shown.py"
