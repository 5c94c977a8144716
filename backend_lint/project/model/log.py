"""What the code writes to its logs."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend_lint.core import Place
from backend_lint.facts.ir import Expr
from backend_lint.project.calls import CallSite
from backend_lint.project.modules import Scope


@dataclass(eq=False)
class LogCall:
    """`level` is `debug` … `critical`, `exception`, `print`, `audit`; `library` is `logging`, `structlog`, `loguru`."""

    site: CallSite
    scope: Scope
    at: Place
    level: str
    library: str
    message: Expr | None = None
    args: list[Expr] = field(default_factory=list)
    keywords: dict[str, Expr] = field(default_factory=dict)
    has_traceback: bool = False
