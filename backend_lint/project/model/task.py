"""Background work: tasks, and where they are put on a queue."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend_lint.core import Place
from backend_lint.facts.ir import Expr
from backend_lint.project.calls import CallSite
from backend_lint.project.modules import Function, Scope


@dataclass(eq=False)
class Task:
    """`name` is the one it is registered under; `is_bound` where the first parameter is the task itself."""

    name: str
    function: Function
    framework: str
    at: Place
    queue: str | None = None
    is_bound: bool = False
    options: dict[str, Expr] = field(default_factory=dict)


@dataclass(eq=False)
class Enqueue:
    """A call that puts work on a queue. `task` is None where it cannot be told which; `name` is then the name it gives.

    `method` is `delay`, `apply_async`, `send_task`, `add_task`, … ; `args` and `kwargs` those the task will get.
    `after_commit` where the call itself waits for the commit.
    """

    site: CallSite
    scope: Scope
    at: Place
    framework: str
    method: str
    task: Task | None = None
    name: str | None = None
    args: list[Expr] = field(default_factory=list)
    kwargs: dict[str, Expr] = field(default_factory=dict)
    is_partial: bool = False
    after_commit: bool = False
