"""What an evaluation asks of a framework."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from backend_lint.adapters._evaluation.values import Blame
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Scope

if TYPE_CHECKING:
    from backend_lint.adapters._evaluation.evaluation import Evaluation


class Library(Protocol):
    """What is known of a framework. `MISSING` says that nothing is."""

    def member(self, evaluation: Evaluation, owner: str, name: str, me: Any) -> Any:
        """An attribute or method that a library's class defines."""

    def result(self, evaluation: Evaluation, symbol: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """What calling something of a library gives."""

    def value(self, evaluation: Evaluation, symbol: str) -> Any:
        """The value of a library's constant or setting."""

    def decorators(self, cls: Class, name: str) -> Sequence[Expr]:
        """What wraps a method from the outside of its class's body, outermost first."""

    def for_functions(self, decorator: Expr, scope: Scope) -> Sequence[Expr] | None:
        """The decorators for functions that a decorator of a method stands for; None where it is one for methods."""

    def blame(self, name: str, owner: Class | str, me: Any) -> Blame | None:
        """Whom to blame for what a method refuses, where that is not its caller."""

    def decides(self, function: Function) -> bool:
        """Whether a function that a handler calls can refuse, so that it is worth following."""

    def last_decision(self, function: Function) -> int:
        """The offset behind which nothing in a handler refuses."""
