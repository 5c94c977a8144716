"""Error logged without its traceback.

## What it does
Reports `logger.error(...)` in an `except` block when nothing in the call carries the traceback.

## Why it matters
The message says that something failed, the traceback says where; when the block ends, only the message is left.

## Example
```python
try:
    charge(order)
except PaymentError:
    logger.error("charge failed for %s", order.id)
```

## Use instead
```python
try:
    charge(order)
except PaymentError:
    logger.exception("charge failed for %s", order.id)
```

## When not to
The handler raises again and its caller logs; the rule is silent there.
"""

from __future__ import annotations

import libcst as cst

from backend_lint.api.syntax import Severity, SyntaxRule, has_keyword


class TracebackLost(SyntaxRule):
    code = "SEC403"
    severity = Severity.LOW
    cwe = (778,)

    def visit_Call(self, node: cst.Call) -> None:
        match node.func:
            case cst.Attribute(value=cst.Name("log" | "logger"), attr=cst.Name("error") as method):
                handler = self.source.enclosing(node, cst.ExceptHandler)
            case _:
                return
        if handler is None or has_keyword(node, "exc_info") or self.source.contains(handler, cst.Raise):
            return
        self.report(
            node,
            "`error()` in an `except` block loses the traceback",
            help="Call `exception()`, or pass `exc_info=True`.",
            fix=self.source.replace(method, "exception"),
        )
