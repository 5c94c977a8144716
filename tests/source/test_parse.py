from __future__ import annotations

import pytest

from backend_lint.core import Diagnostic, DiagnosticKind
from backend_lint.source import Source, parse
from backend_lint.source.text import is_suspicious, line_starts


@pytest.mark.parametrize(
    ("content", "kind", "line", "said"),
    [
        (b"x = '\0'\n", DiagnosticKind.UNREADABLE, 1, "NUL"),
        (b"x = 1\ny = '\xff'\n", DiagnosticKind.UNREADABLE, 1, "decoded"),
        (b"# coding: klingon\n", DiagnosticKind.UNREADABLE, 1, "klingon"),
        (b"\xef\xbb\xbf# coding: latin-1\n", DiagnosticKind.UNREADABLE, 1, "latin-1"),
        (b"x = 1\ndef f(:\n", DiagnosticKind.SYNTAX, 2, "parsed"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_diagnostic(
    content: bytes, kind: DiagnosticKind, line: int, said: str
) -> None:
    found = parse("a.py", content)
    assert isinstance(found, Diagnostic)
    assert (found.kind, found.line) == (kind, line)
    assert said in found.message


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfx = 1\n",
        "# -*- coding: latin-1 -*-\nx = 'é'\n".encode("latin-1"),
        b"x = 1\r\ny = 2\r\n",
        b"x = 1\ry = 2\r",
        b"\x0cx = 1\n",
        b"",
        b"\n",
        b'x = f"{a["b"]}"\n',
        b"type X = int\n",
        b"try:\n    pass\nexcept* ValueError:\n    pass\n",
    ],
)
def test_whatever_python_accepts_is_read(content: bytes) -> None:
    assert isinstance(parse("a.py", content), Source)


def test_lines_start_after_every_kind_of_line_break() -> None:
    assert line_starts("a\nb\r\nc\rd") == [0, 2, 5, 7]


def test_what_may_kill_the_parser_is_suspicious_and_ordinary_code_is_not() -> None:
    assert is_suspicious(b"x = " + b"(" * 10_000 + b")" * 10_000)
    assert is_suspicious(b"if a: pass\n" + b"elif b: pass\n" * 10_000)
    assert not is_suspicious(b"def f(a):\n    return [a, (1, 2), {3: 4}]\n" * 100)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(:\n", "cannot be parsed: parser error: error at 2:0: expected one of ), *, **, NAME"),
        ('print "x"\n', "cannot be parsed: parser error: error at 1:9"),
    ],
)
def test_a_syntax_error_says_what_was_expected_only_where_it_is_little(text: str, said: str) -> None:
    diagnostic = parse("a.py", text.encode())
    assert isinstance(diagnostic, Diagnostic)
    assert diagnostic.message == said
