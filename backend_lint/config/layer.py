"""What one source of settings says: a file, a profile, the environment, the flags."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import tomli

from backend_lint import __version__
from backend_lint.config import positions
from backend_lint.config.patterns import Pattern
from backend_lint.config.settings import Origin, OriginKind, Settings, mistake
from backend_lint.core import GUIDELINES, SECTIONS, ConfigError

FILE_NAMES = ("backend-lint.toml", "pyproject.toml")
VARIABLES = {"BACKEND_LINT_FORMAT": "format", "BACKEND_LINT_CACHE_DIR": "cache-dir", "BACKEND_LINT_JOBS": "jobs"}

_PROFILES = Path(__file__).parent / "profiles"
_SCORED = frozenset({*GUIDELINES, *SECTIONS, "new"})


class Layer(msgspec.Struct, frozen=True):
    """What one source of settings says. `written` are its keys and values as they were written."""

    written: dict[str, Any]
    settings: Settings
    origin: Callable[[positions.KeyPath], Origin]


def file_layers(path: Path, shown: Callable[[Path], str], chain: tuple[Path, ...] = ()) -> list[Layer]:
    """The layers of a configuration file and of all that it extends, the lowest first."""
    if path in chain:
        names = " -> ".join(map(shown, (*chain[chain.index(path) :], path)))
        raise ConfigError(f"`extend` runs in a circle: {names}", shown(chain[-1]))
    layer = _file(path, shown)
    parent = layer.settings.extend
    if parent is None:
        return [layer]
    if not parent.is_file():
        raise mistake(f"`extend` names {shown(parent)}, which is not a file", layer.origin(("extend",)))
    return [*file_layers(parent, shown, (*chain, path)), layer]


def profile_layer(layers: list[Layer]) -> Layer:
    chosen = next((layer for layer in reversed(layers) if "profile" in layer.written), None)
    name = chosen.settings.profile if chosen else "default"
    if name not in profiles():
        from backend_lint.config.explain import nearest

        hint = nearest(name, profiles()) or f"; use one of {', '.join(profiles())}"
        message = f"profile: unknown profile {name!r}{hint}"
        raise mistake(message, chosen.origin(("profile",)) if chosen else Origin(OriginKind.DEFAULT))
    text = (_PROFILES / f"{name}.toml").read_text("utf-8")
    return _layer(tomli.loads(text), Path("/"), lambda _: Origin(OriginKind.PROFILE, name))


def environment_layer(environ: Mapping[str, str], cwd: Path) -> Layer:
    names = {key: name for name, key in VARIABLES.items() if environ.get(name)}
    written: dict[str, Any] = {key: environ[name] for key, name in names.items()}
    if written.get("jobs", "").isdecimal():
        written["jobs"] = int(written["jobs"])
    return _layer(written, cwd, lambda key: Origin(OriginKind.ENVIRONMENT, names[str(key[0])]))


def flag_layer(flags: dict[str, Any], cwd: Path) -> Layer:
    return _layer(flags, cwd, lambda key: Origin(OriginKind.FLAG, f"--{key[0]}"))


def own_file(directory: Path) -> Path | None:
    """The configuration file in `directory` itself; a `pyproject.toml` without our table is none."""
    found = [path for name in FILE_NAMES if (path := directory / name).is_file() and _has_table(path)]
    if len(found) > 1:
        raise ConfigError(f"{found[0]} and {found[1]} both configure backend-lint; keep one of them")
    return found[0] if found else None


def profiles() -> tuple[str, ...]:
    """The names that `profile` may have."""
    return tuple(sorted(path.stem for path in _PROFILES.glob("*.toml")))


def _has_table(path: Path) -> bool:
    """Whether `path` is a configuration of ours; one that cannot be read may be, and fails when it is loaded.

    Raises ConfigError where the name of the table is misspelt: whoever wrote it wants it to be read.
    """
    if path.name != "pyproject.toml":
        return True
    try:
        content = path.read_bytes()
    except OSError:
        return True
    if b"lint" not in content:
        return False
    try:
        document = tomli.loads(content.decode())
    except ValueError:
        return b"tool.backend-lint" in content
    tools = document.get("tool")
    if isinstance(tools, dict) and "backend-lint" not in tools:
        _check_spelling(path, content.decode(), list(tools))
    return _table(path, document) is not None


def _check_spelling(path: Path, text: str, tools: list[str]) -> None:
    """Raise ConfigError where one of the tables can only be meant to be ours."""
    import difflib

    folded = {name.casefold(): name for name in tools}
    for found in difflib.get_close_matches("backend-lint", folded, n=1, cutoff=0.85):
        name = folded[found]
        line = positions.lines(text).get(("tool", name))
        raise ConfigError(f"[tool.{name}] is the table of no tool; did you mean [tool.backend-lint]?", str(path), line)


def _prefix(path: Path) -> tuple[str, ...]:
    """The key of our table in a file: the whole of a file that is ours alone."""
    return ("tool", "backend-lint") if path.name == "pyproject.toml" else ()


def _table(path: Path, document: Any) -> Any:
    for key in _prefix(path):
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _file(path: Path, shown: Callable[[Path], str]) -> Layer:
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", shown(path)) from error
    except UnicodeDecodeError as error:
        raise ConfigError("is not UTF-8", shown(path)) from error
    try:
        document = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        message, line = positions.toml_error(error, text)
        raise ConfigError(f"is not valid TOML: {message}", shown(path), line) from error
    lines = functools.cache(functools.partial(positions.lines, text))

    def origin(key: positions.KeyPath) -> Origin:
        return Origin(OriginKind.FILE, shown(path), _line(lines(), (*_prefix(path), *key)))

    table = _table(path, document)
    if table is None:
        raise ConfigError("has no table [tool.backend-lint]", shown(path))
    return _layer(table, path.parent, origin)


def _line(lines: Mapping[positions.KeyPath, int], key: positions.KeyPath) -> int | None:
    """The line of `key`, or of the nearest that stands around it."""
    return next((lines[key[:end]] for end in range(len(key), 0, -1) if key[:end] in lines), None)


def _check_version(required: str, origin: Origin) -> None:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        specifier = SpecifierSet(required)
    except InvalidSpecifier as error:
        message = f"required-version: {required!r} is not a version specifier, as '>=1.2,<2'"
        raise mistake(message, origin) from error
    if not specifier.contains(__version__, prereleases=True):
        raise mistake(f"required-version is {required!r}, and this is backend-lint {__version__}", origin)


def _layer(table: Any, base: Path, origin: Callable[[positions.KeyPath], Origin]) -> Layer:
    if not isinstance(table, dict):
        raise mistake("[tool.backend-lint] must be a table", origin(()))
    required = table.get("required-version")
    if isinstance(required, str):
        _check_version(required, origin(("required-version",)))  # first: another version may know other keys
    written = _normal(table)
    convert = functools.partial(msgspec.convert, type=Settings, dec_hook=functools.partial(_decoded, base=base))
    try:
        settings = convert(written)
    except msgspec.ValidationError as error:
        from backend_lint.config.explain import explained

        message, key = explained(error, written, convert)
        raise mistake(message, origin(key)) from error
    for name, _ in settings.fail_under:
        if name and name not in _SCORED:
            from backend_lint.config.explain import nearest

            message = f"fail-under: unknown guideline or section {name!r}{nearest(name, _SCORED)}"
            raise mistake(message, origin(("fail-under", name)))
    return Layer(table, settings, origin)


def _normal(table: dict[str, Any]) -> dict[str, Any]:
    """`table` with the two keys that may be written in several ways in the form that `Settings` gives them."""
    written = dict(table)
    if written.get("fail-on") == "never":
        written["fail-on"] = None
    match written.get("fail-under"):
        case bool():
            pass
        case int() | float() as least:
            written["fail-under"] = [["", least]]
        case dict() as scores:
            written["fail-under"] = [["" if name == "overall" else name, least] for name, least in scores.items()]
    return written


def _decoded(kind: type, value: Any, base: Path) -> Any:
    if not isinstance(value, str):
        raise TypeError(f"Expected `str`, got `{type(value).__name__}`")
    return Pattern(value, base) if kind is Pattern else Path(os.path.normpath(base / value))
