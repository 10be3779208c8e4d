"""``python -m tests.load.chat_bare PORT``: the benchmark's model behind HTTP and nothing else: no broker, no database.

What a team would write in an afternoon: FastAPI, requests gathered into batches by one thread, the answer a template.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from concurrent.futures import Future
from queue import Empty, Queue
from typing import Any

import uvicorn
from fastapi import FastAPI

from shared.artifacts.bundle import Bundle
from shared.inference.reader import TextReader
from shared.inference.reading import Reading
from tests.load.chat_model import FOLDER

_AT_ONCE = 64

_Waiting = Queue[tuple[str, Future[Reading]]]


def main() -> None:
    """Serve until told to stop."""
    waiting: _Waiting = Queue()
    reader = TextReader.from_bundle(Bundle.open(FOLDER), threads=os.cpu_count() or 1)
    threading.Thread(target=_read, args=(reader, waiting), daemon=True).start()
    uvicorn.run(_api(waiting), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)


def _read(reader: TextReader, waiting: _Waiting) -> None:
    while True:
        batch = [waiting.get()]
        while len(batch) < _AT_ONCE:
            try:
                batch.append(waiting.get_nowait())
            except Empty:
                break
        for (_, future), reading in zip(batch, reader.read([text for text, _ in batch]), strict=True):
            future.set_result(reading)


def _api(waiting: _Waiting) -> FastAPI:
    api = FastAPI()

    @api.post("/v1/chat/completions")
    async def complete(body: dict[str, Any]) -> dict[str, Any]:
        future: Future[Reading] = Future()
        waiting.put((body["messages"][-1]["content"], future))
        reading = await asyncio.wrap_future(future)
        intent = reading.understanding.intent
        content = f"You asked about {intent.name if intent else 'something else'}."
        return {"choices": [{"index": 0, "message": {"role": "assistant", "content": content}}]}

    return api


if __name__ == "__main__":
    main()
