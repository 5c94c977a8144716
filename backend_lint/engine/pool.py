"""Work on many files in several processes, of which any may die or hang without harm to the rest.

`concurrent.futures` gives up the whole pool when one worker dies, and the native parser can be made to kill its
process; so the pool is ours: a pipe a worker, a clock a file. The clock is the processor's, where it can be read, so
that no file is given up because others keep the machine busy.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from typing import Generic, NamedTuple, TypeVar

Job = TypeVar("Job")

_RECURSION_LIMIT = 8_000
_COLLECT_EVERY = 200
_TO_START = 60.0
_PATIENCE = 10.0  # on a busy machine, how many times longer a process may be around for a job than compute for it
_READY = b""
_DEATH_OF_PARENT = 1  # PR_SET_PDEATHSIG


class Limits(NamedTuple):
    """What a job may cost: `seconds` of computing, and bytes of `memory` of its process, where the system limits that.

    0 is no limit.
    """

    seconds: float = 0.0
    memory: int = 0


NO_LIMITS = Limits()


class Lost:
    """What became of a job whose worker died or was stopped. `reason` is a sentence's end: `took longer than 30 s`."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


class _Worker(Generic[Job]):
    def __init__(self, context: BaseContext, work: Callable[[Job], bytes], memory: int) -> None:
        self.connection, child = context.Pipe()
        self.process = context.Process(target=_serve, args=(child, work, memory), daemon=True)  # type: ignore[attr-defined]
        self.process.start()
        child.close()
        self.pending: deque[int] = deque()
        self.ready = False
        self._restart_clocks()

    def overdue(self, timeout: float) -> bool:
        """Whether a job has taken longer than `timeout` seconds, not counted what its process took to start."""
        around = time.monotonic() - self._since
        if not self.pending or around <= timeout:
            return False
        if not self.ready:
            return around > timeout + _TO_START
        return computed(self.process.pid) - self._computed > timeout or around > timeout * _PATIENCE

    def _restart_clocks(self) -> None:
        self._since, self._computed = time.monotonic(), computed(self.process.pid)

    def give(self, chunk: Sequence[tuple[int, Job]]) -> None:
        self.pending.extend(index for index, _ in chunk)
        self._restart_clocks()
        with suppress(BrokenPipeError):  # it died between two chunks: seen as such when it is next waited for
            self.connection.send(list(chunk))

    def hear(self, message: bytes) -> tuple[int, bytes] | None:
        """The result that a message holds, or None for the one that says that the process has started."""
        self._restart_clocks()
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


def _serve(connection: Connection, work: Callable[[Job], bytes], memory: int) -> None:
    """Do jobs until the other end closes. Trees are freed by reference counts; a cycle now and then, by hand."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends its workers
    _end_with_parent()
    _limit_memory(memory)
    prepare()
    done = 0
    with suppress(EOFError, KeyboardInterrupt, BrokenPipeError, ConnectionResetError, MemoryError):
        connection.send_bytes(_READY)
        while True:
            for index, job in connection.recv():
                result = work(job)
                connection.send_bytes(index.to_bytes(8, "big") + result)
                done += 1
                if done % _COLLECT_EVERY == 0:
                    gc.collect()


def _end_with_parent() -> None:
    """Let this process end when the one that started it does, whatever ends that and whatever this is at.

    A worker that waits sees the end of its pipe; one in the middle of a long job would finish that first.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    parent = multiprocessing.parent_process()
    ctypes.CDLL(None).prctl(_DEATH_OF_PARENT, signal.SIGKILL)
    if parent is not None and os.getppid() != parent.pid:  # it ended before it could be asked for
        os._exit(1)


def _limit_memory(most: int) -> None:
    """Let what needs more memory than this fail, and the process with it, before the machine runs out of it."""
    if not most or sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with suppress(ValueError, OSError):  # it is limited to less already
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def computed(pid: int | None) -> float:
    """The seconds that a process has computed; those that have passed, where the system does not tell.

    Source: `clock_getcpuclockid(3)` of glibc, which makes the number of a clock of that of a process.
    """
    try:
        return time.clock_gettime((~pid << 3) | 2) if sys.platform.startswith("linux") and pid else time.monotonic()
    except OSError:  # it has ended
        return time.monotonic()


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
    work: Callable[[Job], bytes], jobs: Sequence[Job], processes: int, *, limits: Limits = NO_LIMITS, chunk: int = 8
) -> Iterator[tuple[int, bytes | Lost]]:
    """The result of `work` on each job, with the job's index, as they come in.

    A job over the `limits` is lost, and no other. A worker that dies takes one job with it.
    """
    context = multiprocessing.get_context("fork" if sys.platform.startswith("linux") else "spawn")
    queue = deque(enumerate(jobs))
    workers: list[_Worker[Job]] = []
    try:
        while queue or any(worker.pending for worker in workers):
            while queue and len(workers) < processes:
                with _uninterrupted():
                    workers.append(_Worker(context, work, limits.memory))
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
                elif limits.seconds and worker.overdue(limits.seconds):
                    reason = f"took longer than {limits.seconds:g} s"
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


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C waits until a process has started: Python drops what is raised in the hooks that it runs at a fork."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _share(queue: deque[tuple[int, Job]], processes: int) -> int:
    """Small chunks towards the end, so that no worker is left with the last eight files."""
    return max(1, len(queue) // (processes * 2))
