"""Error logged, or answered, without its traceback.

## What it does
Reports `logger.error(...)` and `logger.critical(...)` in an `except` block for any error when nothing in the block
carries the traceback, and answers of 500 raised there (`HTTPException`, `abort`) when nothing is logged at all.

## Why it matters
The message says that something failed, the traceback says where; when the block ends, only the message is left. What is
turned into an answer leaves not even that: frameworks log no exception that is a response.

## Example
```python
import logging

logger = logging.getLogger(__name__)


def pay(order):
    try:
        charge(order)
    except Exception as error:
        logger.error("charge failed: %s", error)
```

## Use instead
```python
import logging

logger = logging.getLogger(__name__)


def pay(order):
    try:
        charge(order)
    except Exception:
        logger.exception("charge failed for %s", order.id)
```

## When not to
The handler raises again and its caller logs, or names an error that is expected: the rule is silent there.
"""

from __future__ import annotations

import re

import libcst as cst

from backend_lint.api.syntax import Confidence, Severity, SyntaxRule, called_name, has_keyword, is_broad

_LOGGER = re.compile(r"^_*(?:log|logger|logging|[a-z]\w*_(?:log|logger))$", re.IGNORECASE)
_LEVELS = frozenset({"debug", "info", "warning", "warn", "error", "critical", "exception", "log", "fatal"})
_SHOWN = 60
_WHY = "`exception()` logs the same at the same level, and the traceback below it"
_CARRIES = re.compile(
    r"traceback|exc_info|\.exception\(|capture_exception|record_exception|notice_error|stack_info|opt\("
)


class TracebackLost(SyntaxRule):
    code = "SEC403"
    severity = Severity.LOW
    cwe = (778, 390)
    owasp = ("A09:2021", "A09:2025")
    waived_by = ("TRY400",)

    def visit_ExceptHandler(self, node: cst.ExceptHandler) -> None:
        if not is_broad(node.type) or _CARRIES.search(self.source.text_of(node.body)):
            return
        calls = list(self.source.below(node.body, cst.Call))
        raises = list(self.source.below(node.body, cst.Raise))
        logs = [each for each in calls if _is_log(each)]
        if not raises:
            for each in logs:
                self._log(each, self._tried(node))
        elif not logs:
            for each in raises:
                self._answer(each)

    def _tried(self, handler: cst.ExceptHandler) -> str:
        """What a `try` of one call attempts: ` of plugin.consume()`; nothing where it does more."""
        attempt = self.source.enclosing(handler, cst.Try)
        calls = [] if attempt is None else list(self.source.below(attempt.body, cst.Call))
        text = self.source.text_of(calls[0].func) if len(calls) == 1 else ""
        return f" of `{text}()`" if 0 < len(text) <= _SHOWN and text.isascii() and "\n" not in text else ""

    def _log(self, call: cst.Call, tried: str) -> None:
        match call.func:
            case cst.Attribute(attr=cst.Name("error" | "critical" as name) as method):
                self.report(
                    call,
                    f"`{name}()` in an `except` block loses the traceback{tried}",
                    help="Call `exception()`, or pass `exc_info=True`.",
                    fix=self.source.replace(method, "exception", why=_WHY) if name == "error" else None,
                )

    def _answer(self, node: cst.Raise) -> None:
        match node.exc:
            case cst.Call() as call if called_name(call) in (
                "HTTPException",
                "HTTPError",
                "HttpError",
            ) and _is_server_error(call):
                self.report(
                    node,
                    "any error becomes an answer of 500 here, and its traceback is written nowhere",
                    help="Log it with `logger.exception()` first, or let it rise: the framework answers 500 and logs it.",
                    confidence=Confidence.MEDIUM,
                    severity=Severity.MEDIUM,
                )


def _is_log(call: cst.Call) -> bool:
    match call.func:
        case cst.Attribute(value=owner, attr=cst.Name(value=name)) if name in _LEVELS:
            return _LOGGER.match(_last(owner)) is not None and not has_keyword(call, "exc_info")
        case _:
            return called_name(call) in ("print", "print_exc")


def _last(owner: cst.BaseExpression) -> str:
    match owner:
        case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
            return name
        case cst.Call(func=func):
            return _last(func)
        case _:
            return ""


def _is_server_error(call: cst.Call) -> bool:
    """Whether the status that is answered says that the server failed."""
    status = next(
        (arg.value for arg in call.args if arg.keyword is not None and arg.keyword.value == "status_code"), None
    )
    if status is None and call.args and call.args[0].keyword is None:
        status = call.args[0].value
    match status:
        case cst.Integer(value=text):
            return text == "500"
        case cst.Attribute(attr=cst.Name(value=name)) | cst.Name(value=name):
            return "500" in name or name == "INTERNAL_SERVER_ERROR"
        case _:
            return False
