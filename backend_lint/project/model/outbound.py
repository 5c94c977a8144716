"""Calls that leave the process."""

from __future__ import annotations

from dataclasses import dataclass

from backend_lint.core import Place
from backend_lint.facts.ir import Expr
from backend_lint.project.calls import CallSite
from backend_lint.project.modules import Scope


@dataclass(eq=False)
class Outbound:
    """`kind` is `http`, `mail`, `broker`, `socket`, `storage`, `rpc`, `cache`, `database` or `process`.

    `library` is the package; `method` the HTTP method or the call's name. `timeout` is `none` (it may wait for ever),
    `default` (the library's own) or `set`; `timeout_value` what sets it. `is_async` where the event loop goes on.
    `made` is where the client of a cache is made, for all its calls.
    """

    site: CallSite
    scope: Scope
    at: Place
    kind: str
    library: str
    method: str
    url: Expr | None = None
    timeout: str = "default"
    timeout_value: Expr | None = None
    is_async: bool = False
    made: Place | None = None
