"""What each file is for, from where it lies, what lies beside it, and its first lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from backend_lint.core import Role

_HEAD_BYTES = 2048
_WHOLE_BYTES = 65536
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
    | ^\W*generated\ (?:by|with|using)\b(?!.*(?:django-admin|manage\.py|cookiecutter|copier|quickstart))
    """,
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)

_TEST_DIRECTORY = re.compile(r"tests?|unittests?|testing|e2e|tests[_-].*|.*[_-]tests")
_TEST_SETTINGS = re.compile(r"(?:.*/)?(?:settings|conf|configs?|environments)(?:/.*)?[/_]tests?(?:ing)?\.py")
_PERHAPS_TEST = re.compile(r"(?:test_.*|.*_tests?|tests?|testing|pytest_.*|(?:.*_)?fixtures?)\.py")
_TESTS = re.compile(
    rb"^\s*(?:async )?def test_|^(?:import|from) (?:pytest|unittest|nose|behave|hypothesis)\b|TestCase", re.MULTILINE
)
_PERHAPS_TEST_DATA = re.compile(r"(?:.*_)?factor(?:y|ies)\.py")
_TEST_DATA = re.compile(rb"^(?:import|from) (?:factory|faker|model_bakery|mixer|polyfactory)\b", re.MULTILINE)

_NUMBERED = re.compile(r"\d+[_-].*\.py")
_MIGRATIONS = re.compile(r"(?:.*_)?migrations?|alembic.*")
_ALEMBIC = re.compile(rb"^down_revision\b", re.MULTILINE)

_SCRIPT_FILES = frozenset(
    {"setup.py", "manage.py", "noxfile.py", "fabfile.py", "toxfile.py", "dodo.py", "versioneer.py", "hatch_build.py"}
)
_SCRIPT_DIRECTORIES = frozenset(
    {"scripts", "script", "bin", "tools", "tasks", "ci", "docs", "doc", "examples", "example", "benchmarks", "bench"}
    | {"dev", "hack"}
)
_RUNS_TASKS = re.compile(rb"^(?:import|from) invoke\b", re.MULTILINE)


def head_size(name: str) -> int:
    """How many bytes of a file called `name` are worth a look to tell its role."""
    return _WHOLE_BYTES if _PERHAPS_TEST.fullmatch(name) else _HEAD_BYTES


def roles(paths: Iterable[str], heads: Mapping[str, bytes] | None = None) -> dict[str, Role]:
    """The role of each of `paths`, which are all the Python files of one tree, relative to its top.

    `heads` are the first `head_size` bytes of files, for what only their text says: `connection_test.py` may well be
    the model of a test that users run. A tree of nothing but scripts, like a collection of examples, is an application
    to whoever lints it.
    """
    tree = _Tree(paths)
    heads = heads or {}
    found = {path: tree.role(path, heads.get(path)) for path in tree.paths}
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
        directories = {directory for directory, _, _ in split}
        self._packages = {directory for directory, _, name in split if name == "__init__.py"}
        numbered = {directory for directory, _, name in split if _NUMBERED.fullmatch(name)}
        alembic = {directory for directory, _, name in split if name == "env.py"}
        self._migrations = {directory for directory in numbered if _is_called(directory, _MIGRATIONS)} | {
            directory
            for directory in alembic
            if f"{directory}/versions" in directories or _is_called(directory, _MIGRATIONS)
        }
        self._usual: dict[str, Role] = {}

    def role(self, path: str, head: bytes | None) -> Role:
        directory, _, name = path.rpartition("/")
        usual = self._of_directory(directory)
        text = head or b""
        if name.endswith(".pyi"):
            return Role.STUB
        if usual is Role.MIGRATION or _ALEMBIC.search(text):
            return Role.MIGRATION
        if _GENERATED_NAME.fullmatch(name) or is_generated(text):
            return Role.GENERATED
        if usual is Role.TEST or _is_test(path, name, head):
            return Role.TEST
        if usual is Role.SCRIPT or name in _SCRIPT_FILES or (name == "tasks.py" and _RUNS_TASKS.search(text)):
            return Role.SCRIPT
        return Role.APP

    def _of_directory(self, directory: str) -> Role:
        """What a file in `directory` is, unless it says otherwise."""
        if directory not in self._usual:
            above, _, name = directory.rpartition("/")
            around = self._of_directory(above) if directory else Role.APP
            if directory in self._migrations or around is Role.MIGRATION:
                self._usual[directory] = Role.MIGRATION
            elif around is Role.TEST or _TEST_DIRECTORY.fullmatch(name):
                self._usual[directory] = Role.TEST
            elif around is Role.SCRIPT or (name in _SCRIPT_DIRECTORIES and not self._is_packaged(directory)):
                self._usual[directory] = Role.SCRIPT
            else:
                self._usual[directory] = Role.APP
        return self._usual[directory]

    def _is_packaged(self, directory: str) -> bool:
        """Whether `directory` or one around it is a package, so that it holds what others import."""
        while directory and directory not in self._packages:
            directory = directory.rpartition("/")[0]
        return bool(directory)


def _is_called(directory: str, pattern: re.Pattern[str]) -> bool:
    return bool(pattern.fullmatch(directory.rpartition("/")[2]))


def _is_test(path: str, name: str, head: bytes | None) -> bool:
    if name == "conftest.py" or _TEST_SETTINGS.fullmatch(path):
        return True
    if _PERHAPS_TEST.fullmatch(name):
        return head is None or bool(_TESTS.search(head))
    return head is not None and bool(_PERHAPS_TEST_DATA.fullmatch(name) and _TEST_DATA.search(head))
