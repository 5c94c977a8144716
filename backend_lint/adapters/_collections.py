"""Which collection of MongoDB an expression is: `db.users`, `client["shop"]["users"]`, a variable that holds one."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Project, Scope
from backend_lint.project.constants import assigned, constant

_CLIENTS = ("pymongo.", "motor.", "flask_pymongo.", "mongomock.", "mongomock_motor.")
_CLIENT_NAMES = frozenset({"MongoClient", "AsyncMongoClient", "AsyncIOMotorClient", "MotorClient", "PyMongo"})
_DATABASES = frozenset({"get_database", "get_default_database"})
_DEPTH = 6


class Collections:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.is_used = any(
            (each.module or "").startswith(_CLIENTS) or f"{each.module}." in _CLIENTS
            for module in project.modules.values()
            for each in module.facts.imports
        )

    def name(self, expr: Expr, scope: Scope, depth: int = 0) -> str | None:
        """The name of the collection that an expression is; None for anything else."""
        if not self.is_used or depth > _DEPTH:
            return None
        match expr:
            case ir.Attribute(value=owner, name=name):
                if self.is_database(owner, scope, depth + 1):
                    return None if name.startswith("_") or name in _DATABASES else name
            case ir.Subscript(value=owner, index=index):
                held = constant(self.project, index, scope)
                if isinstance(held, str) and self.is_database(owner, scope, depth + 1):
                    return held
            case ir.Call(func=ir.Attribute(value=owner, name="get_collection"), args=[ir.Argument(value=first), *_]):
                held = constant(self.project, first, scope)
                if isinstance(held, str) and self.is_database(owner, scope, depth + 1):
                    return held
        found = (self.name(each, at, depth + 1) for each, at in self._values(expr, scope))
        return next((each for each in found if each is not None), self._alias(expr, scope, depth))

    def _alias(self, expr: Expr, scope: Scope, depth: int) -> str | None:
        """`users = db.users`, which names follow to `models.db.users`."""
        owner, _, name = (self.project.qualified(expr, scope) or "").rpartition(".")
        module, rest = self.project.names.split(owner)
        stmts = module.assignments.get(rest, []) if module is not None else []
        if module is None or not stmts or stmts[-1].value is None:
            return None
        return name if self.is_database(stmts[-1].value, module, depth + 1) else None

    def is_database(self, expr: Expr, scope: Scope, depth: int = 0) -> bool:
        """Whether an expression is a database: a part of a client, or a variable that holds one."""
        if depth > _DEPTH:
            return False
        match expr:
            case ir.Attribute(value=owner) if self._is_client(owner, scope, depth + 1):
                return True
            case ir.Subscript(value=owner) if self._is_client(owner, scope, depth + 1):
                return True
            case ir.Call(func=ir.Attribute(value=owner, name=name)) if name in _DATABASES:
                return self._is_client(owner, scope, depth + 1)
        return any(self.is_database(each, at, depth + 1) for each, at in self._values(expr, scope))

    def _is_client(self, expr: Expr, scope: Scope, depth: int) -> bool:
        if depth > _DEPTH:
            return False
        found = self.project.type_of(expr, scope)
        if found is not None and found.name.startswith(_CLIENTS) and found.name.rpartition(".")[2] in _CLIENT_NAMES:
            return True
        return any(self._is_client(each, at, depth + 1) for each, at in self._values(expr, scope))

    def _values(self, expr: Expr, scope: Scope) -> Iterator[tuple[Expr, Scope]]:
        """What a variable, an attribute or the function that is called gives."""
        if type(expr) is ir.Call:
            for target in self.project.site(expr, scope).targets[:1]:
                yield from _given(target)
        elif type(expr) is ir.Name and isinstance(scope, Function) and expr.id in scope.locals:
            yield from self._of_local(expr.id, scope)
        elif type(expr) is ir.Attribute and ir.dotted(expr.value) in ("self", "cls"):
            yield from self._of_object(expr.name, scope)
        else:
            found = assigned(self.project, expr, scope)
            if found is not None:
                yield found

    def _of_local(self, name: str, scope: Function) -> Iterator[tuple[Expr, Scope]]:
        """What a local variable is assigned, or the dependency of a parameter gives: `db=Depends(database)`."""
        for binding in self.project.types.bindings(scope).get(name, ()):
            if binding.kind == "value" and not binding.path:
                yield binding.expr, scope
        parameter = scope.parameter(name)
        if parameter is not None and type(parameter.default) is ir.Call and parameter.default.args:
            dependency = self.project.qualified(parameter.default.args[0].value, scope.module)
            target = self.project.function(dependency or "")
            yield from _given(target) if target is not None else ()

    def _of_object(self, name: str, scope: Scope) -> Iterator[tuple[Expr, Scope]]:
        """What an object keeps under a name of its own."""
        owner = scope.owner if isinstance(scope, Function) else None
        for each in self.project.classes.mro(owner) if owner is not None else ():
            if isinstance(each, Class):
                for method, stmt in each.instance_attributes.get(name, ()):
                    if stmt.value is not None:
                        yield stmt.value, method
                held = each.attributes.get(name)
                if held is not None and held.value is not None:
                    yield held.value, each


def _given(function: Function) -> Iterator[tuple[Expr, Scope]]:
    """What a function returns or yields."""
    for stmt in function.statements:
        if type(stmt) is ir.Return and stmt.value is not None:
            yield stmt.value, function
    for node in ir.walk(function.body):
        if type(node) is ir.Yield and node.value is not None:
            yield node.value, function
