"""Threads of numpy's products."""

from __future__ import annotations

from threadpoolctl import threadpool_limits


def one_thread() -> None:
    """Compute every product of numpy in this process on the thread that asks for it.

    OpenBLAS wakes a thread per core for products as small as one text with its neighbours, and these go on spinning long after:
    at one request at a time they took 11 of the 16 ms of CPU that nlu spent on a turn. Texts are spread over the cores already.
    """
    threadpool_limits(1, user_api="blas")
