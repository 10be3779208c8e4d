"""``python -m tests.load.instant_nlu [SECONDS]``: an nlu process whose model costs no CPU: it answers at once, or sleeps.

With a model that costs nothing what is left is the plumbing; with one that sleeps, replicas do not take the machine from
each other, so that one machine shows how they scale.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing

from services.nlu.handlers import build_handlers
from services.nlu.named_models import NamedModels
from services.nlu.repository import TASK
from services.nlu.served_model import ServedModel
from services.nlu.settings import NluSettings
from shared.inference.fake import FakeReader
from shared.inference.reading import Context, Reader, Reading
from shared.inference.slot import ModelSlot
from shared.messaging.connect import connect
from shared.messaging.consuming.consumer import Consumer
from shared.messaging.topology import Queues
from shared.process import stop_signals
from shared.settings import read_settings
from tests.load.chat_model import MODEL_ID


class SleepingReader(FakeReader):
    """Sleeps for as long as a model would compute.

    Args:
        seconds: For each text.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(MODEL_ID, ("greeting",))
        self._seconds = seconds
        self.texts_read = 0

    def read(self, texts: Sequence[str], contexts: Sequence[Context] | None = None) -> list[Reading]:
        """See ``FakeReader``."""
        self.texts_read += len(texts)
        if self._seconds:
            time.sleep(self._seconds * len(texts))
        return super().read(texts, contexts)


def main() -> None:
    """Serve until told to stop."""
    settings = read_settings(NluSettings)
    reader = SleepingReader(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0)
    with stop_signals() as stopped, ExitStack() as stack:
        slot = stack.enter_context(closing(ModelSlot(TASK)))
        production = ServedModel(slot, TASK, wanted=lambda: MODEL_ID, load=lambda _: reader)
        named = stack.enter_context(closing(NamedModels(_no_other, clock=time.monotonic)))
        bus = stack.enter_context(connect(settings.broker_url, prefix=settings.broker_prefix))
        publisher = stack.enter_context(bus.publisher())
        handlers = build_handlers(production, named)
        stack.enter_context(Consumer(bus, Queues.NLU, handlers, publisher=publisher, batch_size=settings.batch_size))
        print("serving", flush=True)
        stopped.wait()
    print(f"read {reader.texts_read} texts", flush=True)


def _no_other(model_id: str) -> Reader:
    raise NotImplementedError(model_id)


if __name__ == "__main__":
    main()
