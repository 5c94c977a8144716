"""What a command costs: wall time, CPU time and memory, of it and of every process that it starts."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

PERIOD = 0.1  # seconds between two looks at the memory


class Cost(msgspec.Struct, frozen=True):
    """Units: seconds, bytes. `exit` is None for a command that was stopped at its limit.

    `memory` is the peak of the sum over all its processes, pages that they share counted once; where the system does
    not tell (no /proc), or the command was over too soon to be looked at, the peak of its largest process.
    """

    wall: float
    cpu: float
    memory: int
    exit: int | None


def measured(
    command: Sequence[str | Path], *, directory: Path, log: Path, limit: float, environment: Mapping[str, str]
) -> Cost:
    """Runs the command in a session of its own, its output into `log`; all of it is ended after `limit` seconds."""
    with log.open("wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=directory,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        watch = _Watch(process.pid, start + limit)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        watch.stop()
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        memory=max(watch.peak, usage.ru_maxrss * 1024),
        exit=None if watch.is_late else process.returncode,
    )


class _Watch(threading.Thread):
    """Looks at the memory of a process and its descendants, and ends them when their time is over."""

    def __init__(self, pid: int, deadline: float) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self.is_late = False
        self._pid, self._deadline = pid, deadline
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(PERIOD):
            self.peak = max(self.peak, sum(map(_memory, _session(self._pid))))
            if time.perf_counter() > self._deadline:
                self.is_late = True
                os.killpg(self._pid, signal.SIGKILL)
                return

    def stop(self) -> None:
        self._over.set()
        self.join()


def _session(leader: int) -> list[int]:
    """The processes whose session is that of `leader`; none where there is no /proc."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            # The name, in parentheses, may hold blanks; the session is the fourth field after it.
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(fields[3]) == leader:
            found.append(int(entry.name))
    return found


def _memory(pid: int) -> int:
    """Proportional set size: what processes share is divided among them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
