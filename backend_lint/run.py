"""The pipeline, on one screen. The only module that sees every stage."""

from __future__ import annotations

import datetime
import functools
import io
import os
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from backend_lint.config import Config, silences
from backend_lint.core import BackendLintError, Diagnostic, DiagnosticKind, Report, State
from backend_lint.discover import Changes, Discovery, History, changes, files_at
from backend_lint.engine.clock import Clock
from backend_lint.engine.identity import fingerprint
from backend_lint.facts.cache import Cache, key_of
from backend_lint.findings.compare import changes as score_changes
from backend_lint.findings.gate import gated
from backend_lint.findings.score import score
from backend_lint.findings.since import new_suppressions, since
from backend_lint.report.view import split_lines

if TYPE_CHECKING:
    from backend_lint.project.contract import Contract

Progress = Callable[[str, int, int], None]

_KEPT_OUT = frozenset(
    {"origins", "root", "config_path", "jobs", "cache", "cache_dir", "format", "timeout_per_file", "max_memory"}
)


def run(
    config: Config,
    discovery: Discovery,
    *,
    progress: Progress | None = None,
    today: datetime.date | None = None,
    base: Contract | None = None,
    changed: Changes | None = None,
) -> Report:
    """Lint a project. Nothing that it reads is executed.

    `today` decides which suppressions have expired; without it none has. `base` is the contract that it must keep, by
    default the one that the configuration names. Units on `changed` lines are counted. Raises ConfigError and
    PackError.
    """
    base = base or _named_contract(config)
    clock = Clock()
    with clock.phase("read"):
        contents, unreadable = _contents(config, discovery)
        engine = fingerprint(config.plugins)
        cache = Cache(_cache_directory(config))
    held = [*_inputs(discovery, contents), *_baseline(config), msgspec.msgpack.encode((base, changed))]
    key = key_of("report", engine, _identity(config, today), *held)
    entry = cache.get(key)
    if entry is not None:
        report = msgspec.msgpack.decode(entry, type=Report)
        return msgspec.structs.replace(report, timing=clock.phases(), config_path=_config_path(config))
    from backend_lint.analysis import analysed
    from backend_lint.engine.pool import prepared

    with prepared():
        report = analysed(config, discovery, contents, unreadable, engine, cache, clock, progress, today, base, changed)
    cache.put(key, msgspec.msgpack.encode(report))
    if cache.trouble is not None:
        trouble = Diagnostic(None, None, DiagnosticKind.CACHE, cache.trouble)
        report = msgspec.structs.replace(report, diagnostics=(*report.diagnostics, trouble))
    return msgspec.structs.replace(report, timing=clock.phases(), config_path=_config_path(config))


def run_since(
    revision: str,
    environ: Mapping[str, str],
    config: Config,
    discovery: Discovery,
    *,
    progress: Progress | None = None,
    today: datetime.date | None = None,
) -> Report:
    """Lint a project, and judge it by what is new since it parted from a revision. Git runs in `environ`.

    Both states are linted whole, since a change can break a file that it does not touch. Raises BackendLintError where
    there is no such revision.
    """
    history = History(config.root, environ)
    commit = history.base(revision)
    before = history.files(commit, functools.partial(_is_compared, config, history.top))
    then = _run_at(history, before, config, discovery, progress, today)
    changed = changes(_inside(history, before, config), _contents(config, discovery)[0])
    now = run(config, discovery, progress=progress, today=today, base=contract(then), changed=changed)
    silenced = [*new_suppressions(now, then), *_new_silences(config, history.top, before)]
    unreported = {file.path for file in discovery.files if not file.reported}
    compared = since(now, then, revision, lambda path: path not in unreported)
    compared = msgspec.structs.replace(
        compared,
        diagnostics=(*compared.diagnostics, *silenced),
        revision=commit,
        comparison=score_changes(now.score, then.score, revision),
        new_code=score(compared.findings, now.touched, now.rules, now.score.complete, owed=frozenset({State.ACTIVE})),
    )
    return gated(compared, config, new_only=True, new_suppressions=len(silenced))


def run_against(
    base: str,
    environ: Mapping[str, str],
    config: Config,
    discovery: Discovery,
    *,
    progress: Progress | None = None,
    today: datetime.date | None = None,
) -> Report:
    """Lint a project as one that must keep an earlier contract: that of a file, or that of a revision.

    Raises BackendLintError where `base` is neither.
    """
    if Path(base).is_file():
        earlier = _read_contract(Path(base), base)
    else:
        history = History(config.root, environ)
        before = history.files(history.base(base), functools.partial(_is_compared, config, history.top))
        earlier = contract(_run_at(history, before, config, discovery, progress, today))
    report = run(config, discovery, progress=progress, today=today, base=earlier)
    return msgspec.structs.replace(report, scope=f"contract of {base}")


def _run_at(
    history: History,
    before: Mapping[str, bytes],
    config: Config,
    discovery: Discovery,
    progress: Progress | None,
    today: datetime.date | None,
) -> Report:
    """The report on the state that the files of a revision are."""
    inside = _inside(history, before, config)
    bare = msgspec.structs.replace(config, baseline=None, contract=None)
    return run(bare, files_at(config, inside, discovery), progress=progress, today=today)


def _inside(history: History, before: Mapping[str, bytes], config: Config) -> dict[str, bytes]:
    """Those files of a revision that lie in the project, by path from its root."""
    prefix = f"{_below(Path(os.path.realpath(config.root)), history.top)}/".removeprefix("./")
    return {path.removeprefix(prefix): content for path, content in before.items() if path.startswith(prefix)}


def contract(report: Report) -> Contract:
    """What the project promised in the state that was linted."""
    from backend_lint.project.contract import Contract

    return msgspec.msgpack.decode(report.contract, type=Contract)


def model(config: Config, discovery: Discovery, *, progress: Progress | None = None) -> bytes:
    """The backend model of a project, as JSON."""
    from backend_lint.analysis import understood
    from backend_lint.engine.pool import prepared

    contents, _ = _contents(config, discovery)
    cache = Cache(_cache_directory(config))
    with prepared():
        return understood(config, discovery, contents, fingerprint(config.plugins), cache, progress)


def _named_contract(config: Config) -> Contract | None:
    return None if config.contract is None else _read_contract(config.contract, _below(config.contract, config.root))


def _read_contract(path: Path, name: str) -> Contract:
    from backend_lint.project.contract import decoded

    try:
        return decoded(path.read_text("utf-8"), name)
    except (OSError, UnicodeDecodeError) as error:
        raise BackendLintError(f"{name} cannot be read: {error}") from error


def source_lines(config: Config, overlay: Mapping[str, bytes]) -> Callable[[str], Sequence[str] | None]:
    """What gives a report the lines of the project's files; None where a file is gone or cannot be read as text."""

    def lines(path: str) -> Sequence[str] | None:
        try:
            content = overlay[path] if path in overlay else (config.root / path).read_bytes()
            encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        except (OSError, SyntaxError):
            return None
        return split_lines(content.decode(encoding, "replace"))

    return lines


def _contents(config: Config, discovery: Discovery) -> tuple[dict[str, bytes], list[Diagnostic]]:
    contents: dict[str, bytes] = {}
    diagnostics: list[Diagnostic] = []
    for file in discovery.files:
        content = discovery.overlay.get(file.path)
        if content is None:
            try:
                content = Path(file.absolute).read_bytes()
            except OSError as error:
                message = f"cannot be read: {error.strerror or error}"
                diagnostics.append(Diagnostic(file.path, None, DiagnosticKind.UNREADABLE, message))
                continue
        if config.max_file_size and len(content) > config.max_file_size:
            message = f"is larger than {config.max_file_size:,} bytes (max-file-size)"
            diagnostics.append(Diagnostic(file.path, None, DiagnosticKind.LIMIT, message))
            continue
        contents[file.path] = content
    return contents, diagnostics


def _is_compared(config: Config, top: Path, path: str) -> bool:
    """Whether a revision's file takes part: code, the configuration, the baseline. `path` is from the top."""
    return path.endswith((".py", ".pyi", ".pyw")) or top / path in _silencing_files(config)


def _silencing_files(config: Config) -> set[Path]:
    return {Path(os.path.realpath(path)) for path in (config.config_path, config.baseline) if path is not None}


def _new_silences(config: Config, top: Path, before: Mapping[str, bytes]) -> Iterator[Diagnostic]:
    """A notice for each ignored rule, excluded path and accepted finding that the revision's files have not."""
    for path in sorted(_silencing_files(config)):
        name = _below(path, top)
        old, new = before.get(name, b""), path.read_bytes()
        if config.baseline is not None and path == Path(os.path.realpath(config.baseline)):
            added = Counter(new.splitlines()) - Counter(old.splitlines())
            what = ["new entry in the baseline"] * added.total()
        else:
            what = [
                f"new in the configuration: {word}"
                for word in (silences(new, path.name) - silences(old, path.name)).elements()
            ]
        yield from (Diagnostic(name, None, DiagnosticKind.NOTICE, each) for each in what)


def _below(path: Path, top: Path) -> str:
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else path.name


def _cache_directory(config: Config) -> Path | None:
    if not config.cache:
        return None
    return config.cache_dir or config.root / ".backend-lint-cache"


def _identity(config: Config, today: datetime.date | None) -> bytes:
    """What of the configuration can change a report, the same wherever the project lies."""
    values = {name: getattr(config, name) for name in config.__struct_fields__ if name not in _KEPT_OUT}
    written = msgspec.json.encode([values, str(today)], order="deterministic", enc_hook=str)
    return written.replace(config.root.as_posix().encode(), b".")


def _inputs(discovery: Discovery, contents: dict[str, bytes]) -> Iterator[bytes]:
    for file in discovery.files:
        yield f"{file.path}\0{file.role.value}\0{file.reported}".encode("utf-8", "surrogateescape")
        yield contents.get(file.path, b"\0")
    yield msgspec.json.encode(discovery.diagnostics)
    yield msgspec.json.encode(discovery.versions, order="deterministic")


def _baseline(config: Config) -> Iterator[bytes]:
    if config.baseline is not None and config.baseline.is_file():
        yield config.baseline.read_bytes()


def _config_path(config: Config) -> str | None:
    return None if config.config_path is None else config.config_path.name
