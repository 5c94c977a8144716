"""What the conditions ask for that stand before a refusal: who it is, where it comes from, or whether a token fits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from backend_lint.adapters._principal import principals
from backend_lint.adapters._stranger.library import Library
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Project, Scope

_SESSIONS = frozenset({"flask.session", "quart.session"})
_SENT = frozenset(
    f"{each}.request.{part}" for each in ("flask", "quart") for part in ("form", "headers", "values", "json")
)
_ADDRESSES = frozenset({"remote_addr", "remote", "host", "ip", "remote_ip"})
_PLACES = frozenset({"path", "full_path", "endpoint", "blueprint", "url_rule"})


class Conditions:
    """Questions to expressions of a scope: the tests on the way to a refusal."""

    def __init__(self, project: Project, library: Library) -> None:
        self.project, self.library = project, library

    def compare_tokens(self, tests: Iterable[Expr], scope: Scope) -> bool:
        """Whether one compares what the session holds with what the client sent: a CSRF token."""
        return any(
            type(node) is ir.Compare
            and any(self._is_session(one, scope) and self._is_sent(other, scope) for one, other in _ways(node))
            for node in _nodes(tests)
        )

    def ask_who(self, tests: Sequence[Expr], scope: Scope) -> bool:
        """Whether they ask who it is; an address is somebody only where it is asked for some paths."""
        asked = principals(self.project)
        if any(asked.are_in(test, scope) for test in tests):
            return True
        named = {node.name for node in _nodes(tests) if type(node) is ir.Attribute}
        return not named.isdisjoint(_ADDRESSES) and not named.isdisjoint(_PLACES)

    def name_nobody(self, tests: Iterable[Expr], scope: Scope) -> bool:
        """Whether one looks at what a stranger has not, as the framework calls it."""
        return any(
            type(node) in (ir.Name, ir.Attribute) and self.project.qualified(node, scope) in self.library.nobody
            for node in _nodes(tests)
        )

    def _is_session(self, expr: Expr, scope: Scope) -> bool:
        return any((self.project.qualified(node, scope) or "") in _SESSIONS for node in ir.walk_expression(expr))

    def _is_sent(self, expr: Expr, scope: Scope) -> bool:
        return any((self.project.qualified(node, scope) or "") in _SENT for node in ir.walk_expression(expr))


def _nodes(tests: Iterable[Expr]) -> Iterator[Expr]:
    for test in tests:
        yield from ir.walk_expression(test)


def _ways(node: ir.Compare) -> tuple[tuple[Expr, Expr], tuple[Expr, Expr]]:
    return (node.left, node.right), (node.right, node.left)
