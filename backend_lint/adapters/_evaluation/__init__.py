"""Code followed with known objects in place of a request: what it returns, raises and answers.

Guards of class-based frameworks are spread over decorators, mixins, class attributes and methods that override each
other. So the way of one request is followed: `self` is an object of the view's class, attributes are looked up in the
order of its bases, decorators wrap, and conditions fold to true, false or open; of an open one both branches count.
Nothing of the project is executed; what a library does, a `Library` says.

Takes: a callable of the project, what it is called with, and the `Library` that answers for a framework.
Gives: the `Refusal`s that the call may end in.
Never: knows a framework; that is the library's.
"""

from backend_lint.adapters._evaluation.evaluation import Evaluation
from backend_lint.adapters._evaluation.library import Library
from backend_lint.adapters._evaluation.values import (
    ASKED,
    ELSEWHERE,
    MISSING,
    OPEN,
    Answer,
    Blame,
    Either,
    Kind,
    Lack,
    Named,
    Native,
    Opaque,
    Open,
    Operation,
    Refusal,
    Routine,
    State,
    Thing,
    Wrapped,
    core,
)

__all__ = [
    "ASKED",
    "ELSEWHERE",
    "MISSING",
    "OPEN",
    "Answer",
    "Blame",
    "Either",
    "Evaluation",
    "Kind",
    "Lack",
    "Library",
    "Named",
    "Native",
    "Opaque",
    "Open",
    "Operation",
    "Refusal",
    "Routine",
    "State",
    "Thing",
    "Wrapped",
    "core",
]
