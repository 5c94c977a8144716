"""The command line in the process of the test, over a pipeline that finds what a test says it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

import backend_lint.engine.packs
import backend_lint.run
from backend_lint.cli import main
from backend_lint.config import Config
from backend_lint.core import Report
from backend_lint.discover import Discovery
from tests.config.project import write
from tests.report import shop


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


class Pipeline:
    """Stands in for `backend_lint.run`: remembers what it was asked, and answers with `report` or raises `error`."""

    def __init__(self) -> None:
        self.report: Report = shop.CLEAN
        self.error: BaseException | None = None
        self.calls: list[tuple[Config, Discovery]] = []

    def run(self, config: Config, discovery: Discovery, **_: Any) -> Report:
        self.calls.append((config, discovery))
        if self.error is not None:
            raise self.error
        return self.report

    def model(self, config: Config, discovery: Discovery, **_: Any) -> bytes:
        self.calls.append((config, discovery))
        return msgspec.json.encode(shop.MODEL)

    @property
    def config(self) -> Config:
        [(config, _)] = self.calls
        return config

    @property
    def paths(self) -> list[str]:
        return [file.path for _, discovery in self.calls for file in discovery.files if file.reported]


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    stand_in = Pipeline()
    monkeypatch.setattr(backend_lint.run, "run", stand_in.run)
    monkeypatch.setattr(backend_lint.run, "model", stand_in.model)
    monkeypatch.setattr(backend_lint.engine.packs, "rule_infos", lambda plugins=True: shop.RULES)
    return stand_in


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Mapping[str, str | bytes]], Path]]:
    """Writes files into an empty working directory, of which nothing in the environment speaks."""
    for name in ("NO_COLOR", "FORCE_COLOR", "CI_PROJECT_DIR", "GITHUB_WORKSPACE", "BACKEND_LINT_FORMAT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def written(files: Mapping[str, str | bytes]) -> Path:
        write(tmp_path, files)
        return tmp_path

    return written


@pytest.fixture
def ran(pipeline: Pipeline, project: object, capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., Outcome]:
    def run(*arguments: str) -> Outcome:
        code = main(arguments)
        out, err = capfdbinary.readouterr()
        return Outcome(code, out.decode(), err.decode())

    return run
