"""litellm as a proxy before us: the official client asks it, and it asks the platform; a bot, a stream, a function."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from openai import OpenAI

ENGINE = sys.argv[1]
TOOL = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
OURS = {"api_base": os.environ["OPENAI_BASE_URL"], "api_key": os.environ["OPENAI_API_KEY"]}
MODELS = [
    {"model_name": "bot", "litellm_params": {"model": "openai/parley", **OURS}},
    {"model_name": "writer", "litellm_params": {"model": f"openai/{ENGINE}", **OURS}},
]

with socket.create_server(("127.0.0.1", 0)) as listener:
    port = listener.getsockname()[1]
with tempfile.TemporaryDirectory() as folder:
    config = Path(folder) / "config.yaml"
    config.write_text(
        json.dumps({"model_list": MODELS, "general_settings": {"master_key": "sk-of-the-proxy-0123456789abcdef"}})
    )  # JSON is YAML
    command = [str(Path(sys.executable).parent / "litellm"), "--config", str(config), "--port", str(port)]
    proxy = subprocess.Popen([*command, "--host", "127.0.0.1"], cwd=folder)
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health/liveliness", timeout=2)
                break
            except OSError:
                assert proxy.poll() is None, "the proxy ended"
                time.sleep(0.5)
        client = OpenAI(
            base_url=f"http://127.0.0.1:{port}/v1", api_key="sk-of-the-proxy-0123456789abcdef", max_retries=0
        )
        asked = [{"role": "user", "content": "hello bot"}]
        answer = client.chat.completions.create(model="bot", messages=asked)
        assert answer.choices[0].message.content.startswith("You said: hello bot"), answer
        pieces = client.chat.completions.create(model="bot", messages=asked, stream=True)
        told = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
        assert told.startswith("You said: hello bot"), told
        called = client.chat.completions.create(model="writer", messages=asked, tools=[TOOL])
        assert called.choices[0].message.tool_calls[0].function.arguments == '{"city":"Rome"}', called
        print(told)
    finally:
        proxy.terminate()
        proxy.wait()
