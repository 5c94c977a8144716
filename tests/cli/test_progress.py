from __future__ import annotations

import io
import itertools
import sys

import pytest

from backend_lint.cli import progress


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("screen", "environ", "is_quiet"),
    [(io.StringIO(), {}, False), (Screen(), {"TERM": "dumb"}, False), (Screen(), {}, True)],
)
def test_where_nobody_watches_there_is_no_progress(
    monkeypatch: pytest.MonkeyPatch, screen: io.StringIO, environ: dict[str, str], is_quiet: bool
) -> None:
    monkeypatch.setattr(sys, "stderr", screen)
    with progress.shown(environ, is_quiet=is_quiet) as tell:
        assert tell is None


def test_a_slow_run_shows_one_line_and_takes_it_away(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, seconds = Screen(), itertools.count(0.0, 0.4)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(seconds))
    with progress.shown({}, is_quiet=False) as tell:
        assert tell is not None
        for done in range(3):
            tell("extract", done, 2)
    assert screen.getvalue() == "\r\x1b[2Kextract 1/2\r\x1b[2Kextract 2/2\r\x1b[2K"
