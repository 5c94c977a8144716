"""Where reports go: one to stdout, any number to files."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from backend_lint.cli import terminal
from backend_lint.config import Config
from backend_lint.config.explain import nearest
from backend_lint.core import BackendLintError, Report
from backend_lint.report import FORMATS, render
from backend_lint.report.together import together
from backend_lint.run import source_lines

FOR_PEOPLE = frozenset({"full", "concise"})
STDOUT = "-"

_JOINABLE = FOR_PEOPLE | {"agent", "github", "jsonl", "markdown"}


class Output(NamedTuple):
    """A format and the file it goes to; `-` is stdout."""

    format: str
    target: str


class Shown(NamedTuple):
    """A report, and what it takes to show it."""

    report: Report
    config: Config
    overlay: Mapping[str, bytes]


class Manner(NamedTuple):
    """How people want to read; from `color` on, named like the options."""

    cwd: Path
    environ: Mapping[str, str]
    color: str
    show_all: bool
    timing: bool
    statistics: bool
    sarif_include_suppressed: bool


CHOICES = Manner._fields[2:]


def outputs(stdout_format: str, is_asked_for: bool, extra: Iterable[str]) -> tuple[Output, ...]:
    """What to write where. `extra` are `FORMAT:FILE`; one for stdout replaces the usual report there."""
    wanted = [Output(*_split(spec)) for spec in extra]
    to_stdout = [output for output in wanted if output.target == STDOUT]
    if len(to_stdout) + is_asked_for > 1:
        raise BackendLintError("only one report can go to stdout: give --format, or one --output FORMAT:-")
    if not to_stdout:
        wanted.insert(0, Output(stdout_format, STDOUT))
    for output in wanted:
        if output.format not in FORMATS:
            choices = nearest(output.format, FORMATS) or f"; use one of {', '.join(FORMATS)}"
            raise BackendLintError(f"unknown format {output.format!r}{choices}")
    return tuple(wanted)


def takes_stdout(extra: Iterable[str]) -> bool:
    """Whether one of these `FORMAT:FILE` goes to stdout."""
    return any(spec.endswith(f":{STDOUT}") for spec in extra)


def emit(outputs: Iterable[Output], projects: Sequence[Shown], manner: Manner) -> None:
    """Write every output: first the files, so that a reader of stdout finds them there."""
    for output in sorted(outputs, key=lambda output: output.target == STDOUT):
        shown = projects if output.format in _JOINABLE or len(projects) < 2 else [_as_one(projects)]
        between = "\n" if output.format == "full" else ""
        text = between.join(_rendered(output, project, manner, is_alone=len(shown) == 1) for project in shown)
        if output.target == STDOUT:
            terminal.write(text, for_people=output.format in FOR_PEOPLE)
        else:
            write_file(manner.cwd / output.target, text.encode("utf-8", "backslashreplace"))


def write_file(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step: a reader sees the old file or the new one, never a part.

    Directories on the way are created. What is no regular file, like a pipe, is written to as it is.
    Raises `BackendLintError`.
    """
    target = Path(os.path.realpath(path))
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(content)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, content)
    except OSError as error:
        raise BackendLintError(f"cannot write {path}: {error.strerror}") from error


def _replace(target: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(name, target.stat().st_mode if target.exists() else 0o666 & ~_umask())
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _split(spec: str) -> tuple[str, str]:
    name, colon, target = spec.partition(":")
    if not colon or not target:
        raise BackendLintError(f"--output takes FORMAT:FILE, not {spec!r}")
    return name, target


def _as_one(projects: Sequence[Shown]) -> Shown:
    """All projects as one, in the directory where they meet."""
    root = Path(os.path.commonpath([project.config.root for project in projects]))
    bases = [project.config.root.relative_to(root).as_posix().removeprefix(".") for project in projects]
    report = together([(base, project.report) for base, project in zip(bases, projects, strict=True)], root.name)
    overlay = {
        f"{base}/{path}".lstrip("/"): content
        for base, project in zip(bases, projects, strict=True)
        for path, content in project.overlay.items()
    }
    return Shown(report, msgspec.structs.replace(projects[0].config, root=root), overlay)


def _rendered(output: Output, project: Shown, manner: Manner, *, is_alone: bool) -> str:
    is_for_people = output.format in FOR_PEOPLE
    is_on_screen = is_for_people and output.target == STDOUT
    return render(
        output.format,
        project.report,
        lines=source_lines(project.config, project.overlay),
        color=is_on_screen and terminal.has_color(manner.color, manner.environ, sys.stdout),
        width=terminal.width(sys.stdout) if is_on_screen else None,
        show_all=manner.show_all,
        timing=manner.timing,
        statistics=manner.statistics,
        sarif_include_suppressed=manner.sarif_include_suppressed,
        absolute_root=_base(project, manner.cwd, is_for_people or not is_alone),
        repository_prefix=_repository_prefix(project.config.root, manner.environ),
        title="" if is_alone else project.report.project,
    )


def _base(project: Shown, cwd: Path, from_here: bool) -> str | None:
    """What to put before paths: the whole way when it is wanted, or the way from here to a project further down."""
    if project.config.absolute_paths:
        return project.config.root.as_posix()
    if from_here and project.config.root != cwd and project.config.root.is_relative_to(cwd):
        return project.config.root.relative_to(cwd).as_posix()
    return None


def _repository_prefix(root: Path, environ: Mapping[str, str]) -> str:
    """The way from the top of the repository to `root`, where a platform or git knows it."""
    named = [Path(environ[name]) for name in ("CI_PROJECT_DIR", "GITHUB_WORKSPACE") if environ.get(name)]
    around = [path for path in (root, *root.parents) if (path / ".git").exists()]
    top = next((path for path in (*named, *around[:1]) if root.is_relative_to(path)), root)
    prefix = root.relative_to(top).as_posix()
    return "" if prefix == "." else prefix
