"""From files, environment and flags to one `Config` for each project that was named."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import tomli

from backend_lint import __version__
from backend_lint.config import positions
from backend_lint.config.explain import explained, nearest
from backend_lint.config.patterns import Pattern
from backend_lint.config.settings import Config, Origin, OriginKind, Settings, Taint
from backend_lint.core import GUIDELINES, SECTIONS, ConfigError

FILE_NAMES = ("backend-lint.toml", "pyproject.toml")
_VARIABLES = {"BACKEND_LINT_FORMAT": "format", "BACKEND_LINT_CACHE_DIR": "cache-dir", "BACKEND_LINT_JOBS": "jobs"}
_ACCUMULATED = frozenset({"extend_select", "ignore", "extend_exclude", "overrides"})
_SCORED = frozenset(GUIDELINES) | frozenset(SECTIONS)
_SELECTION = frozenset({"select", "extend_select", "ignore"})
_SELECTION_KEYS = ("select", "extend-select", "ignore")


class Invocation(msgspec.Struct, frozen=True, kw_only=True):
    """How a run was called. `flags` has the keys and values that a configuration file would have."""

    cwd: Path
    flags: dict[str, Any] = {}
    environ: Mapping[str, str] = {}
    config_path: Path | None = None


class Group(msgspec.Struct, frozen=True):
    """Paths, all absolute, that one configuration is the closest to."""

    config: Config
    paths: tuple[Path, ...]


def configs_for(paths: Iterable[Path], invocation: Invocation) -> tuple[Group, ...]:
    """Group absolute `paths` by their closest configuration, in the order of their roots."""
    closest = _Closest()
    grouped: dict[tuple[Path | None, Path | None], list[Path]] = {}
    for path in paths:
        found = closest(str(path) if path.is_dir() else os.path.dirname(path))
        imposed = invocation.config_path and (invocation.config_path, None)
        grouped.setdefault(imposed or found, []).append(path)
    groups = (
        Group(_config(config_path, git_root, members, invocation), tuple(members))
        for (config_path, git_root), members in grouped.items()
    )
    return tuple(sorted(groups, key=lambda group: group.config.root))


def own_file(directory: Path) -> Path | None:
    """The configuration file in `directory` itself; a `pyproject.toml` without our table is none."""
    found = [path for name in FILE_NAMES if (path := directory / name).is_file() and _has_table(path)]
    if len(found) > 1:
        raise ConfigError(f"{found[0]} and {found[1]} both configure backend-lint; keep one of them")
    return found[0] if found else None


def profiles() -> tuple[str, ...]:
    """The names that `profile` may have."""
    entries = resources.files("backend_lint.config").joinpath("profiles").iterdir()
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in entries if entry.name.endswith(".toml")))


def unknown_variables(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Variables that look like ours and are not, each as a sentence for the user."""
    return tuple(
        f"unknown environment variable {name}{nearest(name, _VARIABLES)}"
        for name in sorted(environ)
        if name.startswith("BACKEND_LINT_") and name not in _VARIABLES
    )


class _Layer(msgspec.Struct, frozen=True):
    """What one source of settings says. `written` are its keys and values as they were written."""

    written: dict[str, Any]
    settings: Settings
    origin: Callable[[positions.KeyPath], Origin]


class _Closest:
    """Looks upwards for configurations, each directory once."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[Path | None, Path | None]] = {}

    def __call__(self, directory: str) -> tuple[Path | None, Path | None]:
        """The closest configuration file at or above `directory`, inside its git work tree; and that work tree."""
        if directory not in self._seen:
            parent = os.path.dirname(directory)
            if os.path.exists(os.path.join(directory, ".git")):
                above: tuple[Path | None, Path | None] = (None, Path(directory))
            else:
                above = (None, None) if parent == directory else self(parent)
            self._seen[directory] = (own_file(Path(directory)) or above[0], above[1])
        return self._seen[directory]


def _has_table(path: Path) -> bool:
    """Whether `path` is a configuration of ours; one that cannot be read may be, and fails when it is loaded."""
    if path.name != "pyproject.toml":
        return True
    try:
        content = path.read_bytes()
    except OSError:
        return True
    if b"backend-lint" not in content:
        return False
    try:
        return _table(path, tomli.loads(content.decode())) is not None
    except ValueError:
        return b"tool.backend-lint" in content


def _prefix(path: Path) -> tuple[str, ...]:
    """The key of our table in a file: the whole of a file that is ours alone."""
    return ("tool", "backend-lint") if path.name == "pyproject.toml" else ()


def _table(path: Path, document: Any) -> Any:
    for key in _prefix(path):
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _config(config_path: Path | None, git_root: Path | None, paths: list[Path], invocation: Invocation) -> Config:
    shown = functools.partial(_shown, cwd=invocation.cwd)
    layers = [_environment(invocation), _flags(invocation)]
    if config_path:
        layers = [*_files(config_path, shown, ()), *layers]
    layers = [_profile(layers), *layers]
    values, origins = _merged(layers)
    root = _root(config_path, git_root, paths)
    is_project = root == git_root or (config_path is not None and root == config_path.parent)
    return Config(
        **values,
        root=root,
        config_path=config_path,
        is_project=is_project,
        is_imposed=invocation.config_path is not None,
        origins=origins,
    )


def _root(config_path: Path | None, git_root: Path | None, paths: list[Path]) -> Path:
    """The directory of the project, or where `paths` meet, above any package, since that is imported from outside."""
    for candidate in (config_path.parent if config_path else None, git_root):
        if candidate and all(path.is_relative_to(candidate) for path in paths):
            return candidate
    common = Path(os.path.commonpath([path if path.is_dir() else path.parent for path in paths]))
    while (common / "__init__.py").is_file():
        common = common.parent
    return common


def _files(path: Path, shown: Callable[[Path], str], chain: tuple[Path, ...]) -> list[_Layer]:
    """The layers of a configuration file and of all that it extends, the lowest first."""
    if path in chain:
        names = " -> ".join(map(shown, (*chain[chain.index(path) :], path)))
        raise ConfigError(f"`extend` runs in a circle: {names}", shown(chain[-1]))
    layer = _file(path, shown)
    parent = layer.settings.extend
    if parent is None:
        return [layer]
    if not parent.is_file():
        raise ConfigError(f"`extend` names {shown(parent)}, which is not a file", *_where(layer, ("extend",)))
    return [*_files(parent, shown, (*chain, path)), layer]


def _file(path: Path, shown: Callable[[Path], str]) -> _Layer:
    try:
        text = path.read_bytes().decode()
        document = tomli.loads(text)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", shown(path)) from error
    except UnicodeDecodeError as error:
        raise ConfigError("is not UTF-8", shown(path)) from error
    except tomli.TOMLDecodeError as error:
        raise ConfigError(f"is not valid TOML: {error}", shown(path), positions.error_line(error)) from error
    lines = functools.cache(functools.partial(positions.lines, text))

    def origin(key: positions.KeyPath) -> Origin:
        return Origin(OriginKind.FILE, shown(path), _line(lines(), (*_prefix(path), *key)))

    layer = _layer(_table(path, document), path.parent, origin)
    _check_version(layer)
    return layer


def _line(lines: Mapping[positions.KeyPath, int], key: positions.KeyPath) -> int | None:
    """The line of `key`, or of the nearest that stands around it."""
    return next((lines[key[:end]] for end in range(len(key), 0, -1) if key[:end] in lines), None)


def _check_version(layer: _Layer) -> None:
    required = layer.settings.required_version
    if required is None:
        return
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    where = _where(layer, ("required-version",))
    try:
        specifier = SpecifierSet(required)
    except InvalidSpecifier as error:
        raise ConfigError(
            f"required-version: {required!r} is not a version specifier, as '>=1.2,<2'", *where
        ) from error
    if not specifier.contains(__version__, prereleases=True):
        raise ConfigError(f"required-version is {required!r}, and this is backend-lint {__version__}", *where)


def _profile(layers: list[_Layer]) -> _Layer:
    chosen = next((layer for layer in reversed(layers) if "profile" in layer.written), None)
    name = chosen.settings.profile if chosen else "default"
    if name not in profiles():
        message = f"profile: unknown profile {name!r}{nearest(name, profiles())}"
        raise _error(message, chosen.origin(("profile",)) if chosen else Origin(OriginKind.DEFAULT))
    text = resources.files("backend_lint.config").joinpath(f"profiles/{name}.toml").read_text("utf-8")
    return _layer(tomli.loads(text), Path("/"), lambda _: Origin(OriginKind.PROFILE, name))


def _environment(invocation: Invocation) -> _Layer:
    names = {key: name for name, key in _VARIABLES.items() if invocation.environ.get(name)}
    written: dict[str, Any] = {key: invocation.environ[name] for key, name in names.items()}
    if written.get("jobs", "").isdecimal():
        written["jobs"] = int(written["jobs"])
    return _layer(written, invocation.cwd, lambda key: Origin(OriginKind.ENVIRONMENT, names[str(key[0])]))


def _flags(invocation: Invocation) -> _Layer:
    return _layer(invocation.flags, invocation.cwd, lambda key: Origin(OriginKind.FLAG, f"--{key[0]}"))


def _layer(table: Any, base: Path, origin: Callable[[positions.KeyPath], Origin]) -> _Layer:
    if not isinstance(table, dict):
        raise _error("[tool.backend-lint] must be a table", origin(()))
    written = _normal(table)
    convert = functools.partial(msgspec.convert, type=Settings, dec_hook=functools.partial(_decoded, base=base))
    try:
        settings = convert(written)
    except msgspec.ValidationError as error:
        message, key = explained(error, written, convert)
        raise _error(message, origin(key)) from error
    for name, _ in settings.fail_under:
        if name and name not in _SCORED:
            message = f"fail-under: unknown guideline or section {name!r}{nearest(name, _SCORED)}"
            raise _error(message, origin(("fail-under", name)))
    return _Layer(table, settings, origin)


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


def _merged(layers: list[_Layer]) -> tuple[dict[str, Any], dict[str, Origin]]:
    """The settings of all `layers`, later over earlier, and where each came from."""
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for layer in layers:
        if "select" in layer.written:
            values = {attribute: value for attribute, value in values.items() if attribute not in _SELECTION}
            origins = {key: origin for key, origin in origins.items() if not key.startswith(_SELECTION_KEYS)}
        asked = frozenset(layer.settings.extend_select)
        values["ignore"] = tuple(selector for selector in values.get("ignore", ()) if selector not in asked)
        for attribute, key in zip(Settings.__struct_fields__, Settings.__struct_encode_fields__, strict=True):
            if key in layer.written:
                below, above = values.get(attribute), getattr(layer.settings, attribute)
                origins |= _origins(layer, key, len(below or ()) if attribute == "overrides" else 0)
                values[attribute] = _combined(attribute, below, above)
    return values, origins


def _combined(attribute: str, below: Any, above: Any) -> Any:
    match above:
        case _ if below is None:
            return above
        case tuple() if attribute in _ACCUMULATED:
            return below + above
        case dict():
            return below | {name: _combined(name, below.get(name), value) for name, value in above.items()}
        case Taint():
            return Taint(models=below.models + above.models, model=below.model + above.model)
        case _:
            return above


def _origins(layer: _Layer, key: str, offset: int) -> dict[str, Origin]:
    """Where `key` and all within it come from; `offset` tables of the same key stand in lower layers."""

    def within(value: Any, name: str, path: positions.KeyPath) -> Iterator[tuple[str, Origin]]:
        yield name, layer.origin(path)
        match value:
            case dict():
                for inner, element in value.items():
                    yield from within(element, f"{name}.{inner}", (*path, inner))
            case list():
                for index, element in enumerate(value):
                    inner = f".{element}" if isinstance(element, str) else f"[{index + offset}]"
                    yield from within(element, name + inner, (*path, index))

    return dict(within(layer.written[key], key, (key,)))


def _error(message: str, origin: Origin) -> ConfigError:
    if origin.kind is OriginKind.FILE:
        return ConfigError(message, origin.name, origin.line)
    return ConfigError(f"{message} ({origin})")


def _where(layer: _Layer, key: positions.KeyPath) -> tuple[str, int | None]:
    origin = layer.origin(key)
    return origin.name, origin.line


def _shown(path: Path, cwd: Path) -> str:
    return path.relative_to(cwd).as_posix() if path.is_relative_to(cwd) else path.as_posix()
