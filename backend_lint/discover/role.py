"""What each file is for, from where it lies, what lies beside it, and its first lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from backend_lint.core import Role

HEAD_BYTES = 2048

_MARKED_LINES = 10
_GENERATED_NAME = re.compile(r".*_pb2(?:_grpc)?\.py")
_PERHAPS_GENERATED = re.compile(rb"[Gg]enerated|GENERATED")
_PROLOGUE = re.compile(
    r"\ufeff?(?:\s|#[^\n]*)*(?:[rRuU]?(?:\"\"\"|''')(?:.*?)(?:\"\"\"|'''|\Z)(?:\s|#[^\n]*)*)?", re.DOTALL
)
_MARKER = re.compile(
    r"""
      @generated\b
    | \bcode\ generated\b.*\bdo\ not\ edit
    | \b(?:file|module|code|class|client)\ (?:is|was|has\ been|were)?\ ?(?:auto|automatically)?[ -]?generated\b
    | ^\W*auto(?:matically)?[ -]?generated\b
    | ^\W*generated\ (?:by|with|using)\b
    """,
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)

_TEST_DIRECTORY = re.compile(r"tests?|testing|e2e|tests[_-].*|.*[_-]tests")
_TEST_FILE = re.compile(r"test_.*|.*_tests?|tests?|testing|conftest")
_FACTORIES = re.compile(r"factories|.*_factories|factory")
_MAKES_TEST_DATA = re.compile(rb"^(?:import|from) (?:factory|faker|model_bakery|mixer|polyfactory)\b", re.MULTILINE)

_NUMBERED = re.compile(r"\d+[_-].*\.py")
_MIGRATIONS_DIRECTORY = re.compile(r"(?:.*_)?migrations")
_ALEMBIC = re.compile(rb"^down_revision\b", re.MULTILINE)

_SCRIPT_FILES = frozenset(
    {"setup.py", "manage.py", "noxfile.py", "fabfile.py", "toxfile.py", "dodo.py", "versioneer.py", "hatch_build.py"}
)
_SCRIPT_DIRECTORIES = frozenset(
    {"scripts", "script", "bin", "tools", "tasks", "ci", "docs", "doc", "examples", "example", "benchmarks", "bench"}
)
_RUNS_TASKS = re.compile(rb"^(?:import|from) invoke\b", re.MULTILINE)


def roles(paths: Iterable[str], heads: Mapping[str, bytes] | None = None) -> dict[str, Role]:
    """The role of each of `paths`, which are all the Python files of one tree, relative to its top.

    `heads` are the first `HEAD_BYTES` of files, for what only their text says. A tree of nothing but scripts, like a
    collection of examples, is an application to whoever lints it.
    """
    tree = _Tree(paths)
    heads = heads or {}
    found = {path: tree.role(path, heads.get(path, b"")) for path in tree.paths}
    if Role.APP in found.values():
        return found
    return {path: Role.APP if role is Role.SCRIPT else role for path, role in found.items()}


def is_generated(head: bytes) -> bool:
    """Whether a comment or docstring at the top, in the first ten lines, says that a program wrote the file."""
    if not _PERHAPS_GENERATED.search(head):
        return False
    text = "\n".join(head.decode("utf-8", "replace").splitlines()[:_MARKED_LINES])
    prologue = _PROLOGUE.match(text)
    return bool(prologue and _MARKER.search(prologue[0]))


class _Tree:
    """All paths of a tree, and which of its directories are packages or hold migrations. The top is `""`."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = tuple(sorted(set(paths)))
        split = [path.rpartition("/") for path in self.paths]
        self._packages = {directory for directory, _, name in split if name == "__init__.py"}
        self._alembic = {directory for directory, _, name in split if name == "env.py"}
        self._numbered = {directory for directory, _, name in split if _NUMBERED.fullmatch(name)}
        self._of_directory: dict[str, Role] = {}

    def role(self, path: str, head: bytes) -> Role:
        directory, _, name = path.rpartition("/")
        if directory not in self._of_directory:
            self._of_directory[directory] = self._directory(directory)
        usual = self._of_directory[directory]
        if name.endswith(".pyi"):
            return Role.STUB
        if usual is Role.MIGRATION or (b"down_revision" in head and _ALEMBIC.search(head)):
            return Role.MIGRATION
        if _GENERATED_NAME.fullmatch(name) or is_generated(head):
            return Role.GENERATED
        if usual is Role.TEST or _is_test(name, head):
            return Role.TEST
        if usual is Role.SCRIPT or name in _SCRIPT_FILES or (name == "tasks.py" and _RUNS_TASKS.search(head)):
            return Role.SCRIPT
        return Role.APP

    def _directory(self, directory: str) -> Role:
        """What a file in `directory` is, unless it says otherwise."""
        above, _, name = directory.rpartition("/")
        is_migrations = bool(_MIGRATIONS_DIRECTORY.fullmatch(name))
        if is_migrations and (directory in self._numbered or directory in self._alembic):
            return Role.MIGRATION
        if name == "alembic" and directory in self._alembic:
            return Role.MIGRATION
        if name == "versions" and above in self._alembic:
            return Role.MIGRATION
        if any(map(_TEST_DIRECTORY.fullmatch, directory.split("/"))):
            return Role.TEST
        return Role.SCRIPT if self._is_for_scripts(directory) else Role.APP

    def _is_for_scripts(self, directory: str) -> bool:
        """Whether `directory` lies in one for scripts, and outside of every package."""
        around = ""
        for name in directory.split("/"):
            around = f"{around}/{name}" if around else name
            if around in self._packages:
                return False
            if name in _SCRIPT_DIRECTORIES:
                return True
        return False


def _is_test(name: str, head: bytes) -> bool:
    stem = name.partition(".")[0]
    return bool(_TEST_FILE.fullmatch(stem) or (_FACTORIES.fullmatch(stem) and _MAKES_TEST_DATA.search(head)))
