"""What a handler takes from a request object that it reads by name: Flask, Quart and frameworks like them."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Function, Project
from backend_lint.project.model import Input

_WHERE = {
    "args": "query",
    "query": "query",
    "rel_url.query": "query",
    "match_info": "path",
    "form": "form",
    "values": "query",
    "files": "file",
    "headers": "header",
    "cookies": "cookie",
    "json": "body",
    "get_json()": "body",
    "json()": "body",
    "post()": "form",
    "view_args": "path",
    "GET": "query",
    "query_params": "query",
    "POST": "form",
    "data": "body",
    "FILES": "file",
    "META": "header",
    "COOKIES": "cookie",
}
_READS = frozenset({"get", "getlist", "getone", "getall", "pop"})


def inputs(
    project: Project,
    function: Function,
    roots: frozenset[str] = frozenset({"flask.request", "quart.request"}),
    requests: frozenset[str] = frozenset(),
) -> list[Input]:
    """The inputs that a function reads, in the order in which they stand; of one name and place the first.

    `roots` are qualified names of the request, `requests` what it is called in the function.
    """
    found: dict[tuple[str, str], Input] = {}
    for each in _Reader(project, function, roots, requests).read():
        found.setdefault((each.where, each.name), each)
    return list(found.values())


class _Reader:
    def __init__(self, project: Project, function: Function, roots: frozenset[str], requests: frozenset[str]) -> None:
        self.project, self.function, self.roots, self.requests = project, function, roots, requests
        self.bindings = project.types.bindings(function)

    def read(self) -> Iterator[Input]:
        for node in ir.walk(self.function.body):
            match node:
                case ir.Subscript(value=owner, index=ir.Const(value=str(name))):
                    where = self._where(owner)
                    if where is not None:
                        yield self._input(name, where, node, None, None, required=True)
                case ir.Call(func=ir.Attribute(value=owner, name=method)) if method in _READS:
                    key = node.argument(0, "key")
                    if type(key) is ir.Const and isinstance(key.value, str) and (where := self._where(owner)):
                        default, kind = node.argument(1, "default"), node.argument(2, "type")
                        yield self._input(key.value, where, node, kind, default, required=False)

    def _input(
        self, name: str, where: str, node: Expr, kind: Expr | None, default: Expr | None, *, required: bool
    ) -> Input:
        return Input(
            name=name,
            where=where,
            type=(ir.dotted(kind) or "").rpartition(".")[2]
            or ("str" if where in ("query", "form", "header") else None),
            required=required,
            at=self.function.module.place(node),
            default=default,
            annotation=kind,
        )

    def _where(self, owner: Expr, depth: int = 4) -> str | None:
        """Which part of the request an expression is, local names followed."""
        if depth == 0:
            return None
        match owner:
            case ir.Await(value=inner):
                return self._where(inner, depth)
            case ir.Bool(op="or", values=[first, *_]):
                return self._where(first, depth)
            case ir.Name(id=name):
                for binding in self.bindings.get(name, ()):
                    if binding.kind == "value" and not binding.path:
                        where = self._where(binding.expr, depth - 1)
                        if where is not None:
                            return where
                return None
            case ir.Call(func=ir.Attribute(value=root, name=name)) if self._is_request(root):
                return _WHERE.get(f"{name}()")
            case ir.Attribute(value=ir.Attribute(value=root, name=first), name=second) if self._is_request(root):
                return _WHERE.get(f"{first}.{second}")
            case ir.Attribute(value=root, name=name) if self._is_request(root):
                return _WHERE.get(name)
        return None

    def _is_request(self, expr: Expr) -> bool:
        return ir.dotted(expr) in self.requests or self.project.qualified(expr, self.function) in self.roots
