"""One thread that decodes for everybody: requests come in at any time and join between two steps."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from threading import Condition, Thread
from types import TracebackType
from typing import Self

from shared.contracts.chat.generation import Sampling
from shared.decoding.admission import Constraints, admitted
from shared.decoding.answer import Emit, Finish, Request
from shared.decoding.batch import CHUNK, Batch
from shared.decoding.graph import DecoderGraph
from shared.decoding.lora import Lora
from shared.decoding.sampling import Constraint
from shared.decoding.tokenizer import DecoderTokens
from shared.errors import TooManyRequests, Unavailable

#: Requests that wait for a slot, where no other limit is given.
WAITING = 256


class Scheduler:
    """Answers requests in the order in which they come, as many at once as the graph has slots.

    Args:
        graph: Nothing else may use it, and ``close`` closes it.
        tokenizer: The model's.
        waiting: Requests that may wait for a slot; the next one is refused.
        chunk: Tokens of prompts that one step reads: what the others' next token has to wait for, at most.
        constraints: Makes the grammar of a JSON schema; without it such requests are refused.
    """

    def __init__(
        self,
        graph: DecoderGraph,
        tokenizer: DecoderTokens,
        *,
        waiting: int = WAITING,
        chunk: int = CHUNK,
        constraints: Constraints | None = None,
    ) -> None:
        self._graph = graph
        self._constraints = constraints
        self._limit = waiting
        self._batch = Batch(graph, tokenizer.pieces, chunk=chunk)
        self._waiting: deque[Request] = deque()
        self._orders: deque[tuple[Callable[[], int], Future[int]]] = deque()
        self._changed = Condition()
        self._closed = False
        self._thread = Thread(target=self._work, name="decoding", daemon=True)
        self._thread.start()

    def submit(
        self,
        prompt: Sequence[int],
        sampling: Sampling,
        emit: Emit,
        constraint: Constraint | None = None,
        *,
        lora: int = 0,
    ) -> Future[Finish]:
        """Ask for an answer.

        Args:
            prompt: Token ids.
            sampling: How the answer's tokens are chosen.
            emit: Called with each part by the thread that decodes; it has to return at once.
            constraint: What a grammar leaves to choose from, in place of that of the sampling's schema.
            lora: The model among those that share the graph, as ``put_lora`` numbered it; 0 is the one that was opened.

        Returns:
            How the answer ended, or an error. Cancelling it ends the answer at the next token.

        Raises:
            InvalidInput: The prompt or the schema cannot be answered.
            TooManyRequests: As many wait as may.
            Unavailable: The model is closed.
        """
        request = admitted(self._graph, prompt, sampling, emit, self._constraints, constraint, lora)
        with self._changed:
            if self._closed:
                raise Unavailable("the model was closed; send the request again")
            self._forget_cancelled()
            # Those for whom there is a slot are about to have it, and do not wait.
            if len(self._waiting) >= self._limit + self._batch.free:
                raise TooManyRequests(f"{self._limit} requests wait for the model; try again later")
            self._waiting.append(request)
            self._changed.notify()
        return request.future

    def put_lora(self, lora: Lora) -> int:
        """Let another model write with the same graph, in the same batches; its number.

        Raises:
            BrokenArtifact: Its updates were not made for the graph.
            Unavailable: The model is closed.
        """
        return self._ordered(lambda: self._graph.put_lora(lora))

    def drop_lora(self, number: int) -> None:
        """Let a model leave; who still waits for it gets ``Unavailable``."""
        self._ordered(lambda: self._forget(number))

    def _forget(self, number: int) -> int:
        gone = Unavailable("the model was closed; send the request again")
        for request in [request for request in self._waiting if request.lora == number]:
            self._waiting.remove(request)
            request.settle(gone)
        self._batch.forget(number, gone)
        self._graph.drop_lora(number)
        return number

    def _ordered(self, order: Callable[[], int]) -> int:
        """Have something done between two steps, by the thread that decodes."""
        done: Future[int] = Future()
        with self._changed:
            if self._closed:
                raise Unavailable("the model was closed; send the request again")
            self._orders.append((order, done))
            self._changed.notify()
        return done.result()

    @property
    def waiting(self) -> int:
        """Requests that have no slot yet."""
        with self._changed:
            return len(self._waiting)

    @property
    def alive(self) -> bool:
        """Whether requests are answered."""
        return not self._closed and self._thread.is_alive()

    def close(self) -> None:
        """Stop at the next token; whoever still waits gets ``Unavailable``."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _work(self) -> None:
        reason: BaseException = Unavailable("the model was closed; send the request again")
        try:
            while self._take_in():
                self._batch.step()
        except BaseException as error:  # noqa: BLE001  # a thread that died would leave every caller waiting
            reason = Unavailable(f"decoding broke down ({type(error).__name__}); the model has to be loaded again")
            reason.__cause__ = error
        finally:
            self._end(reason)

    def _take_in(self) -> bool:
        """Let requests join, and wait while there is nothing to do; false once it is closed."""
        with self._changed:
            while not (self._closed or self._waiting or self._batch.busy or self._orders):
                self._changed.wait()
            self._follow_orders()
            self._forget_cancelled()
            while self._waiting and self._batch.free and not self._closed:
                request = self._waiting.popleft()
                self._batch.join(request)
            return not self._closed

    def _follow_orders(self) -> None:
        while self._orders:
            order, done = self._orders.popleft()
            try:
                done.set_result(order())
            except Exception as error:  # noqa: BLE001  # whoever gave the order is told
                done.set_exception(error)

    def _end(self, reason: BaseException) -> None:
        with self._changed:
            self._closed = True
            for _, done in self._orders:
                done.set_exception(reason)
            self._orders.clear()
            waiting = list(self._waiting)
            self._waiting.clear()
        self._batch.fail(reason)
        for request in waiting:
            request.settle(reason)
        self._graph.close()

    def _forget_cancelled(self) -> None:
        gone = [request for request in self._waiting if request.cancelled]
        for request in gone:
            self._waiting.remove(request)
            request.settle(CancelledError())
