"""The project as rules see it: one object that answers questions across files."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from backend_lint.core import Place, Role
from backend_lint.facts.ir import Call, Expr, Node
from backend_lint.facts.types import Facts
from backend_lint.project.calls import Calls, CallSite, Path
from backend_lint.project.constants import constant
from backend_lint.project.contract import Comparison, Contract, compared, contract
from backend_lint.project.imports import ImportEdge, import_edges
from backend_lint.project.model import Backend, Route, Schema
from backend_lint.project.model.effects import Effects
from backend_lint.project.model.layers import is_named_service, layers
from backend_lint.project.model.serving import served
from backend_lint.project.modules import Class, Function, Module, Scope
from backend_lint.project.names import Names
from backend_lint.project.origins import origins
from backend_lint.project.types import Type, Types

Derived = TypeVar("Derived")


class Project(Backend):
    """All modules, linked, with the backend model that the adapters fill in.

    Questions about code are methods here; what the frameworks make of it are the lists of `Backend`
    (`routes`, `models`, `queries`, …), complete when the rules see them. `base` is the contract that the project's own
    is held against, where there is one; `roots` are the directories that imports start from, `""` for the top.
    """

    base: Contract | None = None
    roots: tuple[str, ...] = ()

    def __init__(self, modules: Iterable[Module]) -> None:
        super().__init__()
        self.modules = {module.name: module for module in modules}
        self.by_path = {module.path: module for module in self.modules.values()}
        self.names = Names(self.modules)
        self.types = Types(self.modules, self.names)
        self.classes = self.types.classes
        self.calls = Calls(self.modules, self.names, self.types)
        self._derived: dict[Callable[[Project], Any], Any] = {}

    # Code

    def scopes(self, *roles: Role) -> Iterator[Scope]:
        """Modules, classes and functions in which code stands; of application files unless told otherwise."""
        wanted = roles or (Role.APP,)
        for module in self.modules.values():
            if module.role in wanted:
                yield module
                yield from module.classes
                yield from module.functions

    def functions(self, *roles: Role) -> Iterator[Function]:
        for module in self.modules.values():
            if module.role in (roles or (Role.APP,)):
                yield from module.functions

    def qualified(self, expr: Expr | None, scope: Scope) -> str | None:
        """The qualified name an expression denotes: `app.models.User`, `fastapi.Depends`, `builtins.open`."""
        return self.names.qualified(expr, scope)

    def type_of(self, expr: Expr | None, scope: Scope) -> Type | None:
        return self.types.of(expr, scope)

    def constant(self, expr: Expr | None, scope: Scope) -> Any:
        """What an expression is worth, `UNKNOWN` where that cannot be told by reading."""
        return constant(self, expr, scope)

    def function(self, qualified: str) -> Function | None:
        return self.types.function(qualified)

    def cls(self, qualified: str) -> Class | None:
        return self.classes.get(qualified)

    def site(self, call: Call, scope: Scope) -> CallSite:
        """What a call calls."""
        return self.calls.resolve(call, scope)

    def sites(self, scope: Scope) -> list[CallSite]:
        """The calls that stand in a scope."""
        return self.calls.sites(scope)

    def callers(self, function: Function) -> list[CallSite]:
        return self.calls.callers(function)

    def origins(self, expr: Expr, scope: Scope) -> Iterator[tuple[Expr, Scope]]:
        """What a value may be, each with its scope: followed through locals bound once, and parameters to callers."""
        return origins(self.calls, expr, scope)

    def paths(self, start: Iterable[CallSite], to: Callable[[CallSite], bool], *, depth: int = 8) -> Iterator[Path]:
        """From each call that leads to one of interest, the shortest way there."""
        return self.calls.paths(start, to, depth=depth)

    @functools.cached_property
    def imports(self) -> list[ImportEdge]:
        """Which module imports which, by source and target."""
        return import_edges(list(self.modules.values()), self.names)

    @functools.cached_property
    def layers(self) -> dict[str, str]:
        """The layer of each module that has one, by module name."""
        return layers(self)

    def is_named_service(self, module: Module) -> bool:
        """Whether a module lies where the project says that its services are, not only does what services do."""
        return is_named_service(module.name)

    @functools.cached_property
    def served(self) -> dict[str, str]:
        """The functions that run for a route or a task, by qualified name, each with the first that it runs for."""
        return served(self)

    @functools.cached_property
    def effects(self) -> Effects:
        """What functions do, by themselves and through what they call; to be asked when the model is complete."""
        return Effects(self)

    def derived(self, make: Callable[[Project], Derived]) -> Derived:
        """What is made of the whole project, once for all that ask for it; to be asked when the model is complete.

        `make` takes the project and nothing else: a class, or a function, of the rules that share what it gives.
        """
        if make not in self._derived:
            self._derived[make] = make(self)
        found: Derived = self._derived[make]
        return found

    @functools.cached_property
    def contract(self) -> Contract:
        """What clients and queues may rely on; to be asked when the model is complete."""
        return contract(self)

    @functools.cached_property
    def changes(self) -> Comparison | None:
        """The contract of `base` beside this one; None without a base."""
        return None if self.base is None else compared(self.base, self.contract)

    def body_schemas(self, route: Route) -> list[Schema]:
        """The schemas that the body of a request is read into."""
        named = re.findall(r"[\w.]+", route.body or "")
        found = {name: self.schemas[name] for name in (*route.body_schemas, *named) if name in self.schemas}
        for parameter in route.handler.parameters if route.handler is not None and named else ():
            kind = self.types.parameter(parameter, route.handler)  # type: ignore[arg-type]
            if kind is not None and kind.name in self.schemas and kind.name.rpartition(".")[2] in named:
                found[kind.name] = self.schemas[kind.name]
        return list(found.values())

    def place(self, node: Node, scope: Scope) -> Place:
        return scope.module.place(node)

    def enclosing(self, place: Place) -> Function | Class | Module | None:
        """The innermost definition around a place, or its module."""
        module = self.by_path.get(place.path)
        if module is None:
            return None
        facts = module.facts
        offset = facts.line_starts[min(place.line, len(facts.line_starts)) - 1] + place.column - 1
        definitions: list[Function | Class] = [*module.functions, *module.classes]
        around = [each for each in definitions if each.facts.at <= offset < each.facts.end]
        named = [each for each in around if not (isinstance(each, Function) and each.facts.is_lambda)]
        return max(named, key=lambda each: each.facts.at, default=module)


def link(files: Iterable[tuple[str, str, Role, Facts]]) -> Project:
    """The project of files given as path, module name, role and facts, in any order."""
    modules: dict[str, Module] = {}
    for path, name, role, facts in sorted(files, key=lambda each: each[0]):
        unique = name
        while unique in modules:  # two files of one import name, like scripts of one name in two folders
            unique += "'"
        modules[unique] = Module(path, unique, role, facts)
    return Project(modules.values())
