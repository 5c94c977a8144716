from __future__ import annotations

import os
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
            time.sleep(60)
    return b""


def done(*jobs: tuple[str, int], processes: int = 2, timeout: float = 0.0) -> list[bytes | str]:
    """The results in the order of the jobs; of a lost one the reason."""
    results = dict(pool.run(work, jobs, processes, timeout=timeout))
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


def test_workers_that_all_die_are_replaced() -> None:
    results = done(*[("die", number) for number in range(6)], ("square", 3))
    assert results[-1] == b"9"
    assert all("ended the process" in str(each) for each in results[:-1])


def test_a_job_that_takes_too_long_is_stopped() -> None:
    results = done(("hang", 0), *[("square", number) for number in range(9)], timeout=3.0)
    assert results[0] == "took longer than 3 s"
    assert results[1:] == [str(number * number).encode() for number in range(9)]


def test_a_slow_start_is_not_charged_to_the_first_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "prepare", lambda: time.sleep(4))
    assert done(("square", 3), processes=1, timeout=3.0) == [b"9"]


def test_who_stops_listening_stops_the_workers() -> None:
    running = pool.run(work, [("square", 1), *[("hang", number) for number in range(4)]], 2)
    assert next(running)[1] == b"1"
    running.close()  # type: ignore[attr-defined]
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
