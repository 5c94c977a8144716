"""Error caught broadly, and gone.

## What it does
Reports `except Exception`, `except BaseException` and bare `except` over something that changes the world (a commit, a
save, a message, a request), where the block does nothing with the error: no log, no raise, no answer, no call at all,
and no comment that says why. What only reads or converts may answer with a default.

## Why it matters
The write did not happen and nobody will know: not the client, who is told it did, and not whoever looks at the logs.

## Example
```python
from django.core.mail import send_mail


def confirm(order):
    try:
        send_mail("Your order", order.text, None, [order.address])
        order.save()
    except Exception:
        pass
```

## Use instead
```python
import logging
from smtplib import SMTPException

from django.core.mail import send_mail

logger = logging.getLogger(__name__)


def confirm(order):
    try:
        send_mail("Your order", order.text, None, [order.address])
    except SMTPException:
        logger.exception("order %s was not confirmed", order.pk)
    order.save()
```

## When not to
Where losing the error is right, name the exception, use `contextlib.suppress`, or say why in a comment.
"""

from __future__ import annotations

import itertools
import re

import libcst as cst

from backend_lint.api.syntax import Place, Severity, SyntaxRule, called_name, is_broad

_ABOVE = 6
_FOR_TOOLS = re.compile(
    r"#\s*(?:noqa|nosec|pylint|type:|pragma|pyright|mypy|ruff|flake8|fmt|NOSONAR|backend-lint|expect:)", re.IGNORECASE
)
_WRITES = frozenset(
    [
        "save",
        "commit",
        "add_all",
        "delete",
        "create",
        "insert",
        "insert_one",
        "insert_many",
        "update_one",
        "update_many",
        "delete_one",
        "delete_many",
        "replace_one",
        "bulk_create",
        "bulk_update",
        "get_or_create",
        "update_or_create",
        "send",
        "send_mail",
        "send_message",
        "sendmail",
        "send_email",
        "post",
        "put",
        "patch",
        "publish",
        "delay",
        "apply_async",
        "send_task",
        "enqueue",
        "charge",
        "refund",
        "upload",
        "upload_file",
        "upload_fileobj",
        "put_object",
    ]
)
_REQUESTS = frozenset({"post", "put", "patch", "send"})
_CLEANUP = frozenset(
    [
        "close",
        "aclose",
        "stop",
        "shutdown",
        "terminate",
        "kill",
        "cancel",
        "disconnect",
        "unlink",
        "remove",
        "rmtree",
        "rmdir",
        "rollback",
        "release",
        "join",
        "quit",
        "logout",
        "unsubscribe",
        "cleanup",
        "dispose",
        "wait",
        "flush",
        "__exit__",
        "__aexit__",
        "detach",
        "unregister",
    ]
)
_CHANGES = re.compile(
    r"^_?(?:save|store|insert|update|delete|remove|send|notify|publish|enqueue|charge|refund|upload|write|commit|revoke|"
    r"persist)_\w+"
)
_ALLOWS = re.compile(
    r"fail|error|ignor|best.effort|optional|optimistic|\bok\b|okay|don.t care|does ?n.t matter|harmless|silent|swallow|"
    r"never|must not|should not|shouldn.t",
    re.IGNORECASE,
)


class SwallowedException(SyntaxRule):
    code = "SEC401"
    severity = Severity.MEDIUM
    cwe = (390, 1069, 755)
    owasp = ("A09:2021", "A09:2025", "A10:2025")

    def visit_ExceptHandler(self, node: cst.ExceptHandler) -> None:
        if not is_broad(node.type) or not isinstance(node.body, cst.IndentedBlock | cst.SimpleStatementSuite):
            return
        if not all(_is_silent(each) for each in _small(node.body)) or self._is_explained(node):
            return
        attempt = self.source.enclosing(node, cst.Try)
        if attempt is None or not isinstance(attempt, cst.Try) or self._is_on_the_way(attempt):
            return
        called = {called_name(each) for each in self.source.below(attempt.body, cst.Call)}
        written = sorted(each for each in called if each in _WRITES or (each and _CHANGES.match(each)))
        if _answers(node.body):
            written = [each for each in written if each not in _REQUESTS]
        if written and called - _CLEANUP:
            self.report(
                self._keyword(node),
                f"every error of `{written[0]}()` ends here without a trace",
                help="Name the errors that are expected, and log the others with `logger.exception()` or let them rise.",
            )

    def _is_explained(self, node: cst.ExceptHandler) -> bool:
        """Whether a comment in or right above the block says why, or one in or above the attempt that it may fail.

        What is written for tools says nothing.
        """
        first, last = self._lines(node)
        if any(not _FOR_TOOLS.search(text) for text in self.source.comments_on(first - 1, last)):
            return True
        attempt = self.source.enclosing(node, cst.Try)
        start = first if attempt is None else self._lines(attempt)[0]
        return any(
            _ALLOWS.search(text) and not _FOR_TOOLS.search(text)
            for text in self.source.comments_on(start - _ABOVE, first)
        )

    def _is_on_the_way(self, attempt: cst.Try) -> bool:
        """Whether it is tried while another error is handled, which is raised all the same, or right before one is."""
        handler = self.source.enclosing(attempt, cst.ExceptHandler)
        if handler is not None and self.source.contains(handler, cst.Raise):
            return True
        block = self.source.enclosing(attempt, cst.IndentedBlock)
        siblings = _small(block) if isinstance(block, cst.IndentedBlock) else []
        return any(each is attempt and isinstance(after, cst.Raise) for each, after in itertools.pairwise(siblings))

    def _lines(self, node: cst.CSTNode) -> tuple[int, int]:
        start, end = self.source.span(node)
        return self.source.line_column(start)[0], self.source.line_column(end - 1)[0]

    def _keyword(self, node: cst.ExceptHandler) -> Place:
        line, column = self.source.line_column(self.source.span(node)[0])
        return Place(self.source.path, line, column, line, column + len("except"))


def _small(block: cst.BaseSuite) -> list[cst.BaseSmallStatement | cst.BaseStatement]:
    if isinstance(block, cst.SimpleStatementSuite):
        return list(block.body)
    found: list[cst.BaseSmallStatement | cst.BaseStatement] = []
    for each in block.body:
        found += each.body if isinstance(each, cst.SimpleStatementLine) else [each]
    return found


def _is_silent(stmt: cst.CSTNode) -> bool:
    """Whether a statement lets the error go without doing anything."""
    match stmt:
        case cst.Pass() | cst.Continue() | cst.Break():
            return True
        case cst.Expr(value=value):
            return isinstance(value, cst.Ellipsis)
        case cst.Return(value=value):
            return value is None or _is_nothing(value)
        case cst.Assign(value=value):
            return _is_nothing(value)
        case _:
            return False


def _is_nothing(value: cst.BaseExpression) -> bool:
    """Whether a value says neither what went wrong nor that something did."""
    match value:
        case cst.Name(value=name):
            return name in ("None", "True", "False")
        case cst.SimpleString(value=text):
            return len(text) == 2
        case cst.List(elements=()) | cst.Dict(elements=()) | cst.Tuple(elements=()):
            return True
        case cst.Integer():
            return True
        case _:
            return False


def _answers(block: cst.BaseSuite) -> bool:
    """Whether a block tells its caller that something went wrong."""
    return any(isinstance(each, cst.Return) and each.value is not None for each in _small(block))
