"""What the walk leaves out: the usual directories, configured patterns, and what git ignores."""

from __future__ import annotations

import copy
import os
from pathlib import Path

from backend_lint.config import Config, Pattern, Patterns

USUALLY_EXCLUDED = frozenset(
    [
        ".bzr",
        ".direnv",
        ".eggs",
        ".git",
        ".hg",
        ".hypothesis",
        ".ipynb_checkpoints",
        ".mypy_cache",
        ".nox",
        ".pants.d",
        ".pyenv",
        ".pytest_cache",
        ".pytype",
        ".ruff_cache",
        ".svn",
        ".tox",
        ".venv",
        "__pycache__",
        "__pypackages__",
        "_build",
        "bower_components",
        "buck-out",
        "build",
        "dist",
        "node_modules",
        "site-packages",
        "venv",
    ]
)


class Ignored:
    """Answers for one project what the walk leaves out. Paths are absolute, with `/`, a directory's without it."""

    def __init__(self, config: Config) -> None:
        self._root = config.root.as_posix().rstrip("/")
        self._names = USUALLY_EXCLUDED if config.exclude is None else frozenset[str]()
        self._patterns = Patterns((*(config.exclude or ()), *config.extend_exclude))
        self._git = GitIgnore(_work_tree(config.root)) if config.respect_gitignore else None

    def inside(self, directory: str) -> Ignored:
        """What is left out in a `directory` that was named although it is left out itself."""
        inner = copy.copy(self)
        inner._patterns = Patterns(())
        inner._git = GitIgnore(directory) if self._git else None
        return inner

    def directory(self, path: str) -> bool:
        """Whether the directory `path` is left out where the walk meets it, its parents being in."""
        return (
            path.rpartition("/")[2] in self._names
            or self._patterns.match(f"{path}/")
            or (self._git is not None and self._git.is_ignored(f"{path}/"))
            or os.path.exists(f"{path}/pyvenv.cfg")
        )

    def file(self, path: str) -> bool:
        """Whether the file `path` is left out where the walk meets it, its directory being in."""
        return self._patterns.match(path) or (self._git is not None and self._git.is_ignored(path))

    def anywhere(self, path: str, *, is_directory: bool) -> bool:
        """Whether `path`, or a directory above it, is left out."""
        if self._git is not None and self._git.is_ignored_anywhere(path, is_directory=is_directory):
            return True
        *above, last = _prefixes(path, self._root) or [""]
        if any(map(self.directory, above)):
            return True
        return bool(last) and (self.directory(last) if is_directory else self.file(last))


class GitIgnore:
    """The ignore files at and below `top`: `.git/info/exclude` and each `.gitignore`, the innermost deciding first."""

    def __init__(self, top: str) -> None:
        self._top = top
        self._chains: dict[str, tuple[Patterns, ...]] = {}

    def is_ignored(self, path: str) -> bool:
        """Whether `path`, a directory's with a final `/`, is ignored where the walk meets it."""
        for patterns in self._chain(path.rstrip("/").rpartition("/")[0]):
            decided = patterns.decision(path)
            if decided is not None:
                return decided
        return False

    def is_ignored_anywhere(self, path: str, *, is_directory: bool) -> bool:
        *above, last = _prefixes(path, self._top) or [""]
        if any(self.is_ignored(f"{directory}/") for directory in above):
            return True
        return bool(last) and self.is_ignored(f"{last}/" if is_directory else last)

    def _chain(self, directory: str) -> tuple[Patterns, ...]:
        """The ignore files that hold in `directory`, the innermost first."""
        if directory not in self._chains:
            own = _patterns(f"{directory}/.gitignore", directory)
            if directory == self._top or len(directory) <= len(self._top):
                above = _patterns(f"{_common_directory(directory)}/info/exclude", directory)
            else:
                above = self._chain(directory.rpartition("/")[0])
            self._chains[directory] = own + above
        return self._chains[directory]


def _patterns(file: str, base: str) -> tuple[Patterns, ...]:
    try:
        text = Path(file).read_text("utf-8", "replace")
    except OSError:
        return ()
    return (Patterns(Pattern(line, Path(base)) for line in text.splitlines()),)


def _work_tree(root: Path) -> str:
    """The top of the git work tree around `root`; without git, `root` itself."""
    top = next((path for path in (root, *root.parents) if (path / ".git").exists()), root)
    return top.as_posix().rstrip("/")


def _common_directory(top: str) -> str:
    """The git directory of the work tree `top`, the shared one where it has several.

    Source: https://git-scm.com/docs/gitrepository-layout (`.git` as a file, `commondir`)
    """
    git = os.path.join(top, ".git")
    if os.path.isfile(git):
        git = os.path.join(top, _first_line(git).removeprefix("gitdir:").strip())
    return os.path.join(git, _first_line(os.path.join(git, "commondir")))


def _first_line(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readline().strip()
    except OSError:
        return ""


def _prefixes(path: str, top: str) -> list[str]:
    """Each directory below `top` on the way to `path`, and `path` itself; nothing when it is not below."""
    if not path.startswith(f"{top}/"):
        return []
    steps = path[len(top) + 1 :].split("/")
    return [f"{top}/{'/'.join(steps[:end])}" for end in range(1, len(steps) + 1)]
