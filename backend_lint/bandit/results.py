"""What Bandit says of one file."""

from __future__ import annotations

import ast
import functools
import io
import re
import sys
import unicodedata
import warnings
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

import msgspec

from backend_lint.bandit.battery import Test, battery
from backend_lint.bandit.checks import checks, default_ids
from backend_lint.bandit.nosec import is_waived, waivers
from backend_lint.bandit.tree import Node, lines, linked, parent, unlink
from backend_lint.core import Confidence, Diagnostic, DiagnosticKind, Place, Severity
from backend_lint.source.text import decode, line_starts


class BanditResult(msgspec.Struct, frozen=True):
    """One verdict. `severity`, `confidence`, `text` and `cwe` are Bandit's own.

    `subject` is the name that is called, imports resolved: `subprocess.run`. `waived` says that a `# nosec` comment
    covers the place.
    """

    test_id: str
    name: str
    severity: Severity
    confidence: Confidence
    at: Place
    text: str
    cwe: int
    subject: str = ""
    waived: bool = False


def results(
    path: str, content: bytes, ids: frozenset[str] | None = None
) -> tuple[list[BanditResult], Diagnostic | None]:
    """Bandit's verdicts on a file, by place, and the one reason why there are none, or fewer than there might be.

    Any bytes will do. `ids` are the checks to run, by default those whose verdicts count; where none is to, no byte is
    looked at.
    """
    if ids is not None and not ids:
        return [], None
    try:
        text = decode(content)
        tree = _parsed(text)
    except (SyntaxError, ValueError, LookupError, RecursionError, MemoryError) as error:
        return [], _unread(path, error)
    run = _Run(path, content, text, _audible(battery(default_ids() if ids is None else ids), text))
    nodes = linked(tree)
    run.visit(nodes)
    unlink(nodes)
    return sorted(run.found, key=lambda each: (each.at, each.test_id, each.text)), run.failure


def _parsed(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of invalid escapes, which are not ours to report
        return ast.parse(text)


def _unread(path: str, error: Exception) -> Diagnostic:
    line, reason = (error.lineno, error.msg) if isinstance(error, SyntaxError) else (None, str(error))
    version = ".".join(map(str, sys.version_info[:2]))
    because = f"Python {version} cannot read the file ({reason or 'it is nested too deeply'})"
    return Diagnostic(path, line, DiagnosticKind.BANDIT, f"Bandit's checks did not run: {because}")


def _audible(tests: tuple[Test, ...], text: str) -> dict[str, list[Test]]:
    """The tests that can find what they look for in this text, by the kind of node that they look at."""
    words = frozenset(re.findall(r"\w+", text if text.isascii() else unicodedata.normalize("NFKC", text)))
    lowered = text.lower()
    by_kind: dict[str, list[Test]] = {}
    for test in tests:
        if test.may_speak(words, lowered):
            by_kind.setdefault(test.kind, []).append(test)
    return by_kind


class _Run:
    """Shows the nodes of one file to the tests, in source order, each in the context that Bandit would build for it.

    Source: bandit/core/node_visitor.py and tester.py, without what they do for nodes that no test looks at. Unlike
    there, `from .pickle import loads` is not taken for the standard library's.
    """

    def __init__(self, path: str, content: bytes, text: str, tests: dict[str, list[Test]]) -> None:
        from bandit.core.context import Context
        from bandit.core.utils import get_call_name

        self.found: list[BanditResult] = []
        self.failure: Diagnostic | None = None
        self._path, self._content, self._tests = path, content, tests
        self._context, self._call_name = Context, get_call_name
        self._places = _Places(path, text)
        self._waivers = waivers(text)
        self._imports: set[str] = set()
        self._aliases: dict[str, str] = {}

    def visit(self, nodes: list[Node]) -> None:
        steps: dict[type[ast.AST], Callable[[Any], None]] = {
            ast.Import: self._import,
            ast.ImportFrom: self._import_from,
            ast.Call: self._call,
            ast.Constant: self._string,
            ast.FunctionDef: self._function,
            ast.Assert: self._other,
            ast.ExceptHandler: self._other,
            ast.Module: self._file,
        }
        for kind, name in ((ast.Call, "Call"), (ast.Constant, "Str")):
            if name not in self._tests:
                del steps[kind]
        for node in nodes:
            step = steps.get(type(node))
            if step is not None:
                step(node)

    def _import(self, node: ast.Import) -> None:
        for each in node.names:
            self._imports.add(each.name)
            if each.asname:
                self._aliases[each.asname] = each.name
        self._ask("Import", node, module=node.names[-1].name)

    def _import_from(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        for each in node.names:
            self._imports.add(f"{module}.{each.name}")
            self._aliases[each.asname or each.name] = f"{module}.{each.name}"
        if node.level == 0:
            self._ask("ImportFrom", node, module=module, name=node.names[-1].name)

    def _call(self, node: ast.Call) -> None:
        name = self._call_name(node, self._aliases)
        self._ask("Call", node, call=node, qualname=name, name=name.rpartition(".")[2])

    def _string(self, node: Node) -> None:
        if isinstance(node.value, str) and not isinstance(parent(node), ast.Expr):
            self._ask("Str", node, str=node.value)

    def _function(self, node: ast.FunctionDef) -> None:
        self._ask("FunctionDef", node, function=node, qualname=node.name, name=node.name)

    def _other(self, node: ast.Assert | ast.ExceptHandler) -> None:
        self._ask(type(node).__name__, node)

    def _file(self, node: ast.Module) -> None:
        self._ask("File", node, file_data=io.BytesIO(self._content))

    def _ask(self, kind: str, node: Node, **about: Any) -> None:
        tests = self._tests.get(kind)
        if not tests:
            return
        lineno = getattr(node, "lineno", 0)
        about |= {"node": node, "lineno": lineno, "filename": self._path}
        about |= {"imports": self._imports, "import_aliases": self._aliases}
        context = self._context(about)
        for test in tests:
            issue = self._verdict(test, context, lineno)
            if issue is not None:
                self._keep(test, issue, node, about.get("qualname") or about.get("module") or "")

    def _verdict(self, test: Test, context: Any, lineno: int) -> Any:
        """The check's answer. Some checks trip over code that their authors did not think of; the others go on."""
        try:
            return test.verdict(context)
        except Exception as error:
            message = f"Bandit's {test.id} fails here ({type(error).__name__}); its other checks ran"
            self.failure = self.failure or Diagnostic(self._path, lineno or None, DiagnosticKind.BANDIT, message)

    def _keep(self, test: Test, issue: Any, node: Node, subject: str) -> None:
        self.found.append(
            BanditResult(
                test_id=test.id,
                name=checks()[test.id].name,
                severity=Severity(issue.severity.lower()),
                confidence=Confidence(issue.confidence.lower()),
                at=self._places.of(issue, node),
                text=issue.text,
                cwe=issue.cwe.id,
                subject=subject,
                waived=bool(self._waivers) and is_waived(test.id, issue.lineno, lines(node), self._waivers),
            )
        )


class _Places:
    """Where verdicts stand: Bandit counts columns in bytes of UTF-8, from 0, and we in code points, from 1."""

    def __init__(self, path: str, text: str) -> None:
        self._path, self._text = path, text

    def of(self, issue: Any, node: Node) -> Place:
        """The node's place; of the argument where Bandit names its line; the header of what has a body."""
        if isinstance(node, ast.Module):
            return self._of_character(issue.lineno, issue.col_offset)
        if isinstance(node, ast.Call) and issue.lineno not in (None, node.lineno):
            node = next((each.value for each in node.keywords if each.value.lineno == issue.lineno), node)
        start = self._point(node.lineno, node.col_offset)
        if hasattr(node, "body"):
            return Place(self._path, *start, start[0], len(self._line(start[0]).rstrip()) + 1)
        return Place(self._path, *start, *self._point(node.end_lineno, node.end_col_offset))

    def _of_character(self, line: int, column: int) -> Place:
        """Bandit's check of the whole text counts lines as `str.splitlines` does, and columns in code points from 1."""
        before = self._text.splitlines(keepends=True)[: line - 1]
        offset = sum(map(len, before)) + column - 1
        line = bisect_right(self._starts, offset)
        column = offset - self._starts[line - 1] + 1
        return Place(self._path, line, column, line, column + 1)

    def _point(self, line: int, byte: int) -> tuple[int, int]:
        """Before Python 3.12, `ast` gives wrong places within f-strings: the column is kept within the line."""
        text = self._line(line)
        column = min(byte, len(text)) if text.isascii() else len(text.encode()[:byte].decode(errors="ignore"))
        return line, column + 1

    def _line(self, line: int) -> str:
        return self._text[self._starts[line - 1] : self._starts[line]].rstrip("\r\n")

    @functools.cached_property
    def _starts(self) -> list[int]:
        return [*line_starts(self._text), len(self._text)]
