"""Work on many files in several processes, of which any may die or hang without harm to the rest.

`concurrent.futures` gives up the whole pool when one worker dies, and the native parser can be made to kill its
process; so the pool is ours: a pipe a worker, a clock a file.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from typing import Generic, TypeVar

Job = TypeVar("Job")

_RECURSION_LIMIT = 8_000
_COLLECT_EVERY = 200
_TO_START = 60.0
_READY = b""


class Lost:
    """What became of a job whose worker died or was stopped. `reason` is a sentence's end: `took longer than 30 s`."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


class _Worker(Generic[Job]):
    def __init__(self, context: BaseContext, work: Callable[[Job], bytes]) -> None:
        self.connection, child = context.Pipe()
        self.process = context.Process(target=_serve, args=(child, work), daemon=True)  # type: ignore[attr-defined]
        self.process.start()
        child.close()
        self.pending: deque[int] = deque()
        self.ready = False
        self.since = time.monotonic()

    def overdue(self, timeout: float) -> bool:
        """Whether a job has taken longer than `timeout` seconds, not counted what its process took to start."""
        return bool(self.pending) and time.monotonic() - self.since > (timeout if self.ready else timeout + _TO_START)

    def give(self, chunk: Sequence[tuple[int, Job]]) -> None:
        self.pending.extend(index for index, _ in chunk)
        self.since = time.monotonic()
        with suppress(BrokenPipeError):  # it died between two chunks: seen as such when it is next waited for
            self.connection.send(list(chunk))

    def hear(self, message: bytes) -> tuple[int, bytes] | None:
        """The result that a message holds, or None for the one that says that the process has started."""
        self.since = time.monotonic()
        if message == _READY:
            self.ready = True
            return None
        index = int.from_bytes(message[:8], "big")
        self.pending.remove(index)
        return index, message[8:]

    def stop(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.join()


def _serve(connection: Connection, work: Callable[[Job], bytes]) -> None:
    """Do jobs until the other end closes. Trees are freed by reference counts; a cycle now and then, by hand."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends its workers
    prepare()
    done = 0
    with suppress(EOFError, KeyboardInterrupt, BrokenPipeError, ConnectionResetError):
        connection.send_bytes(_READY)
        while True:
            for index, job in connection.recv():
                result = work(job)
                connection.send_bytes(index.to_bytes(8, "big") + result)
                done += 1
                if done % _COLLECT_EVERY == 0:
                    gc.collect()


def prepare() -> None:
    """Make this process fit for deep trees and much allocation."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION_LIMIT))
    gc.collect()
    gc.freeze()
    gc.disable()


@contextmanager
def prepared() -> Iterator[None]:
    """This process fit for deep trees and much allocation, for as long as it lasts."""
    limit, was_enabled = sys.getrecursionlimit(), gc.isenabled()
    sys.setrecursionlimit(max(limit, _RECURSION_LIMIT))
    gc.disable()
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
        if was_enabled:
            gc.enable()


def run(
    work: Callable[[Job], bytes], jobs: Sequence[Job], processes: int, *, timeout: float = 0.0, chunk: int = 8
) -> Iterator[tuple[int, bytes | Lost]]:
    """The result of `work` on each job, with the job's index, as they come in.

    `timeout` is in seconds a job, 0 for none. A worker that dies takes one job with it.
    """
    context = multiprocessing.get_context("fork" if sys.platform.startswith("linux") else "spawn")
    queue = deque(enumerate(jobs))
    workers: list[_Worker[Job]] = []
    try:
        while queue or any(worker.pending for worker in workers):
            while queue and len(workers) < processes:
                workers.append(_Worker(context, work))
            for worker in workers:
                if not worker.pending and queue:
                    worker.give([queue.popleft() for _ in range(min(chunk, len(queue), _share(queue, processes)))])
            ready = set(wait([worker.connection for worker in workers if worker.pending], timeout=1.0))
            for worker in list(workers):
                if worker.connection in ready:
                    try:
                        message = worker.connection.recv_bytes()
                    except (EOFError, OSError):
                        reason = "ended the process that read it (too deeply nested, or out of memory)"
                    else:
                        result = worker.hear(message)
                        if result is not None:
                            yield result
                        continue
                elif timeout and worker.overdue(timeout):
                    reason = f"took longer than {timeout:g} s"
                else:
                    continue
                index = worker.pending.popleft()
                queue.extendleft((each, jobs[each]) for each in reversed(worker.pending))
                workers.remove(worker)
                worker.stop()
                yield index, Lost(reason)
    finally:
        for worker in workers:
            worker.stop()


def _share(queue: deque[tuple[int, Job]], processes: int) -> int:
    """Small chunks towards the end, so that no worker is left with the last eight files."""
    return max(1, len(queue) // (processes * 2))
