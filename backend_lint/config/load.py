"""From files, environment and flags to one `Config` for each project that was named."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from backend_lint.config.layer import VARIABLES, environment_layer, file_layers, flag_layer, own_file, profile_layer
from backend_lint.config.merge import merged
from backend_lint.config.settings import Config, mistake

AT_THE_TOP = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "Pipfile", "manage.py")
"""What lies at the top of a project."""


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
        grouped.setdefault(closest(str(path) if path.is_dir() else os.path.dirname(path)), []).append(path)
    if invocation.config_path and grouped:
        git_roots = {git_root for _, git_root in grouped}
        git_root = git_roots.pop() if len(git_roots) == 1 else None
        grouped = {(invocation.config_path, git_root): [path for members in grouped.values() for path in members]}
    groups = (
        Group(_config(config_path, git_root, members, invocation), tuple(members))
        for (config_path, git_root), members in grouped.items()
    )
    return tuple(sorted(groups, key=lambda group: group.config.root))


def unknown_variables(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Variables that look like ours and are not, each as a sentence for the user."""
    from backend_lint.config.explain import nearest

    return tuple(
        f"unknown environment variable {name}{nearest(name, VARIABLES)}"
        for name in sorted(environ)
        if name.startswith("BACKEND_LINT_") and name not in VARIABLES
    )


def shown(path: Path, cwd: Path) -> str:
    """`path` as people write it: relative to the working directory when it is below."""
    return path.relative_to(cwd).as_posix() if path.is_relative_to(cwd) else path.as_posix()


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


def _config(config_path: Path | None, git_root: Path | None, paths: list[Path], invocation: Invocation) -> Config:
    cwd = invocation.cwd
    layers = [environment_layer(invocation.environ, cwd), flag_layer(invocation.flags, cwd)]
    if config_path:
        layers = [*file_layers(config_path, functools.partial(shown, cwd=cwd)), *layers]
    layers = [profile_layer(layers), *layers]
    values, origins = merged(layers)
    root, is_project = _root(config_path, git_root, paths, cwd)
    for place in values.get("roots", ()):
        if not place.is_relative_to(root) or not place.is_dir():
            problem = "is no directory" if place.is_relative_to(root) else "is outside of the project"
            raise mistake(f"roots: {shown(place, cwd)} {problem}", origins["roots"])
    return Config(
        **values,
        root=root,
        config_path=config_path,
        is_project=is_project,
        is_imposed=invocation.config_path is not None,
        origins=origins,
    )


def _root(config_path: Path | None, git_root: Path | None, paths: list[Path], cwd: Path) -> tuple[Path, bool]:
    """The directory of the project, and that it is one; or where `paths` meet, above any package, and that it is none.

    Without a configuration and git, a project is what has one of the usual files at its top, not above the working
    directory: nobody who names a file means everything around where they stand.
    """
    for candidate in (config_path.parent if config_path else None, git_root):
        if candidate and all(path.is_relative_to(candidate) for path in paths):
            return candidate, True
    common = Path(os.path.commonpath([path if path.is_dir() else path.parent for path in paths]))
    for directory in (common, *common.parents):
        if not directory.is_relative_to(cwd):
            break
        is_package = (directory / "__init__.py").is_file()
        if not is_package and any((directory / name).is_file() for name in AT_THE_TOP):
            return directory, True
    while (common / "__init__.py").is_file():
        common = common.parent
    return common, False
