"""An application object: what middleware wraps it, who answers its errors."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend_lint.core import Place
from backend_lint.facts.ir import Expr
from backend_lint.project.modules import Function, Scope


@dataclass(eq=False)
class Middleware:
    """`name` is the qualified name of its class or function; `options` are the keyword arguments it is given."""

    name: str
    at: Place
    options: dict[str, Expr] = field(default_factory=dict)
    function: Function | None = None
    scope: Scope | None = None


@dataclass(eq=False)
class ExceptionHandler:
    """`exceptions` are qualified names, or a status code as text."""

    exceptions: tuple[str, ...]
    at: Place
    function: Function | None = None


@dataclass(eq=False)
class App:
    """`name` is the qualified name of the variable that holds it, or of the function that builds it.

    `middleware` is in the order in which it is added; `options` are the keyword arguments of its construction.
    """

    name: str
    framework: str
    at: Place
    middleware: list[Middleware] = field(default_factory=list)
    handlers: list[ExceptionHandler] = field(default_factory=list)
    options: dict[str, Expr] = field(default_factory=dict)
    scope: Scope | None = None
