"""Transactions: where they begin, what runs inside, where they are committed."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend_lint.core import Place
from backend_lint.facts.ir import Stmt
from backend_lint.project.calls import CallSite
from backend_lint.project.modules import Scope


@dataclass(eq=False)
class Transaction:
    """An interval in which a database transaction is open.

    `kind` is `block` (atomic, begin), `decorator`, `session` (from the first write to the commit) or `request`.
    `calls` are the calls inside, in order; `statements` those of the block, if there is one.
    """

    at: Place
    scope: Scope
    kind: str
    library: str
    calls: list[CallSite] = field(default_factory=list)
    statements: list[Stmt] = field(default_factory=list)
    is_savepoint: bool = False


@dataclass(eq=False)
class Commit:
    """A commit or rollback that the code asks for; `kind` is `commit`, `rollback` or `flush`."""

    site: CallSite
    scope: Scope
    at: Place
    kind: str
    library: str
