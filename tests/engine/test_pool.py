from __future__ import annotations

import itertools
import os
import select
import subprocess
import sys
import time

import pytest

from backend_lint.engine import pool


def work(job: tuple[str, int]) -> bytes:
    match job:
        case ("square", number):
            return str(number * number).encode()
        case ("die", _):
            os._exit(1)
        case ("hang", _):
            while True:
                pass
        case ("fill", _):
            return bytes(bytearray(600_000_000)[-1:])
        case ("wait", _):
            time.sleep(60)
    return b""


def done(*jobs: tuple[str, int], processes: int = 2, timeout: float = 0.0, memory: int = 0) -> list[bytes | str]:
    """The results in the order of the jobs; of a lost one the reason."""
    results = dict(pool.run(work, jobs, processes, limits=pool.Limits(timeout, memory)))
    assert len(results) == len(jobs)
    return [each.reason if isinstance(each, pool.Lost) else each for _, each in sorted(results.items())]


@pytest.mark.parametrize("processes", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 3, 40])
def test_every_job_has_one_result(processes: int, count: int) -> None:
    jobs = [("square", number) for number in range(count)]
    assert done(*jobs, processes=processes) == [str(number * number).encode() for number in range(count)]


def test_a_worker_that_dies_takes_one_job_with_it() -> None:
    jobs = [("square", number) for number in range(20)]
    results = done(*jobs[:7], ("die", 0), *jobs[7:])
    assert "ended the process that read it" in str(results.pop(7))
    assert results == [str(number * number).encode() for number in range(20)]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere, memory is not limited in this way")
def test_a_job_that_takes_too_much_memory_is_lost_alone() -> None:
    results = done(("square", 2), ("fill", 0), ("square", 3), memory=500_000_000)
    assert results[::2] == [b"4", b"9"]
    assert "out of memory" in str(results[1])


def test_workers_that_all_die_are_replaced() -> None:
    results = done(*[("die", number) for number in range(6)], ("square", 3))
    assert results[-1] == b"9"
    assert all("ended the process" in str(each) for each in results[:-1])


def test_a_job_that_takes_too_long_is_stopped() -> None:
    results = done(("hang", 0), *[("square", number) for number in range(9)], timeout=0.5)
    assert results[0] == "took longer than 0.5 s"
    assert results[1:] == [str(number * number).encode() for number in range(9)]


def test_a_job_that_waits_for_ever_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_PATIENCE", 1.0)
    assert done(("wait", 0), timeout=0.5) == ["took longer than 0.5 s"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere, time that passes is all that is known")
def test_time_in_which_a_process_does_not_compute_is_not_charged(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that others keep busy: here, the clock on the wall is an hour ahead at every look."""
    hours = itertools.count()
    monkeypatch.setattr(pool.time, "monotonic", lambda: 3600.0 * next(hours))
    monkeypatch.setattr(pool, "_PATIENCE", 1e9)
    monkeypatch.setattr(pool, "_TO_START", 1e9)
    jobs = [("square", number) for number in range(20)]
    assert done(*jobs, timeout=30.0) == [str(number * number).encode() for number in range(20)]


def test_a_slow_start_is_not_charged_to_the_first_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "prepare", lambda: compute(0.6))
    assert done(("square", 3), processes=1, timeout=0.5) == [b"9"]


def compute(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks the kernel of Linux")
def test_workers_end_with_their_parent_whatever_they_are_at() -> None:
    code = (
        "import os; from backend_lint.engine import pool; from tests.engine.test_pool import work;"
        "running = pool.run(work, [('square', 1), *[('hang', 0)] * 4], 2); next(running);"
        "print(*os.popen(f'ps -o pid= --ppid {os.getpid()}').read().split()[:2], flush=True); next(running)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        workers = [int(pid) for pid in process.stdout.readline().split()]
        descriptors = [os.pidfd_open(pid) for pid in workers]
        process.kill()
    assert len(workers) == 2
    for descriptor in descriptors:
        assert select.select([descriptor], [], [], 60)[0], "a worker goes on"
        os.close(descriptor)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks")
def test_an_interrupt_while_a_worker_starts_is_not_lost() -> None:
    """In a process of its own, which interrupts itself in a hook that runs at each fork."""
    code = (
        "import os, signal; from backend_lint.engine import pool\n"
        "os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGINT))\n"
        "print(list(pool.run(bytes, [1, 2, 3], 2)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == ""
    assert "Exception ignored" not in done.stderr
    assert done.stderr.rstrip().endswith("KeyboardInterrupt")


def test_who_stops_listening_stops_the_workers() -> None:
    running = pool.run(work, [("square", 1), *[("hang", number) for number in range(4)]], 2)
    assert next(running)[1] == b"1"
    running.close()  # type: ignore[attr-defined]
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
