from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_lint.core import DiagnosticKind
from backend_lint.engine.extract import glimpse
from backend_lint.facts.outline import imported, outline, outlined
from backend_lint.facts.types import Facts
from tests.reading import facts

IMPORTS = [
    "import os",
    "import a.b.c",
    "import a.b as c, d",
    "from a import *",
    "from . import a",
    "from ..b.c import d as e, f",
    "try:\n    import a\nexcept ImportError:\n    import b\nelse:\n    import c\nfinally:\n    import d",
    "def f():\n    for _ in a:\n        import b\n    else:\n        import c",
    "class A:\n    if x:\n        from a import b\n    elif y:\n        from c import d",
    "with a:\n    import b",
    "match a:\n    case 1:\n        import b\n    case _:\n        import c",
    "x = [lambda: 1 if y else 2]\n\n# a comment\n'''text'''",
]


def bare(found: Facts) -> Facts:
    """Without the places and the order of the imports, which nobody asks for."""
    imports = [
        msgspec.structs.replace(each, at=0, end=0, is_guarded=False, is_type_checking=False) for each in found.imports
    ]
    return msgspec.structs.replace(found, imports=sorted(imports, key=str))


@given(st.lists(st.sampled_from(IMPORTS)))
def test_pythons_parser_and_libcst_give_the_same(parts: list[str]) -> None:
    code = "".join(f"{part}\n" for part in parts)
    found = outline(code.encode())
    assert found is not None
    assert msgspec.to_builtins(bare(found)) == msgspec.to_builtins(bare(outlined(facts(code))))


@pytest.mark.parametrize(
    "content",
    [b"def f(:", b"x = 1  # backend-lint: ignore[SEC201]", b"# -*- coding: nonsense -*-\n", b"\xff", b"a\0b"],
    ids=["wrong", "speaks to us", "no such encoding", "not in its encoding", "NUL"],
)
def test_what_an_outline_cannot_say(content: bytes) -> None:
    assert outline(content) is None


def test_a_test_that_cannot_be_parsed_is_told_of() -> None:
    read = glimpse("tests/test_a.py", b"def f(:\n    pass\n")
    assert read.facts is None
    assert [(each.path, each.kind) for each in read.diagnostics] == [("tests/test_a.py", DiagnosticKind.SYNTAX)]


def test_words_to_the_linter_are_kept_and_words_to_others_are_not() -> None:
    read = glimpse("tests/test_a.py", b"import a  # noqa\nx = 1  # backend-lint: ignore[SEC201]\n")
    assert read.facts is not None
    assert [each.line for each in read.facts.comments] == [2]
    assert read.facts.functions == read.facts.body == []


def test_syntax_that_the_host_may_not_know_is_read() -> None:
    read = glimpse("tests/test_a.py", b"type A = int\nimport a\n")
    assert read.facts is not None
    assert [each.bound for each in read.facts.imports] == ["a"]


@pytest.mark.parametrize(
    ("importer", "code", "needed"),
    [
        ("app/main.py", "from tests.factories import make", {"tests/__init__.py", "tests/factories.py"}),
        ("app/main.py", "import tests", {"tests/__init__.py"}),
        ("app/main.py", "from tests import factories", {"tests/__init__.py", "tests/factories.py"}),
        ("tests/run.py", "from .factories import make", {"tests/__init__.py", "tests/factories.py"}),
        ("tests/run.py", "from . import factories", {"tests/__init__.py", "tests/factories.py"}),
        ("app/main.py", "from app.factories import make", set()),
        ("app/tests/run.py", "from .factories import make", set()),
        ("app/main.py", "from factories import make", {"tests/factories.py"}),
        (
            "app/main.py",
            "from tests.test_shop import Case",
            {"tests/__init__.py", "tests/test_shop.py", "tests/base.py"},
        ),
    ],
)
def test_what_the_application_imports_is_needed(importer: str, code: str, needed: set[str]) -> None:
    files = {
        "tests/__init__.py": "",
        "tests/factories.py": "",
        "tests/base.py": "",
        "tests/test_shop.py": "from tests.base import Base",
    }
    known = {path: facts(text) for path, text in {**files, importer: code}.items()}
    assert imported(files, known) == needed
