"""Modules, classes and functions of the project: facts that know where they belong."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

from backend_lint.core import Place, Role
from backend_lint.facts.ir import Assign, Attribute, Expr, Name, Node, Stmt, dotted, walk_statements
from backend_lint.facts.types import ClassFacts, Facts, FunctionFacts, Import, Parameter

_ACCESSORS = ("setter", "deleter")


class Module:
    """One file. `name` is its dotted import name, `path` relative to the project's root."""

    def __init__(self, path: str, name: str, role: Role, facts: Facts) -> None:
        self.path, self.name, self.role, self.facts = path, name, role, facts
        self.is_package = path.endswith(("/__init__.py", "/__init__.pyi")) or path in ("__init__.py", "__init__.pyi")
        self.functions = [Function(self, index) for index in range(len(facts.functions))]
        self.classes = [Class(self, index) for index in range(len(facts.classes))]

    def __repr__(self) -> str:
        return f"<module {self.name}>"

    @property
    def package(self) -> str:
        """The dotted name against which relative imports count."""
        return self.name if self.is_package else self.name.rpartition(".")[0]

    @property
    def body(self) -> list[Stmt]:
        return self.facts.body

    @property
    def module(self) -> Module:
        return self

    @functools.cached_property
    def top_functions(self) -> dict[str, Function]:
        """Functions at module level by name; of several with one name the last."""
        return {each.name: each for each in self.functions if each.is_top and not each.facts.is_lambda}

    @functools.cached_property
    def by_qualname(self) -> dict[str, Function]:
        return {each.facts.qualname: each for each in self.functions}

    @functools.cached_property
    def top_classes(self) -> dict[str, Class]:
        return {each.name: each for each in self.classes if each.facts.function is None and each.facts.cls is None}

    @functools.cached_property
    def imports(self) -> dict[str, Import]:
        """Module-level imports by the name they bind; the last unguarded one wins."""
        bound: dict[str, Import] = {}
        for each in self.facts.imports:
            if each.function is None and not each.is_star and (each.bound not in bound or not each.is_guarded):
                bound[each.bound] = each
        return bound

    @functools.cached_property
    def stars(self) -> list[Import]:
        return [each for each in self.facts.imports if each.is_star]

    @functools.cached_property
    def assignments(self) -> dict[str, list[Assign]]:
        """Assignments to plain names at module level, in order."""
        return assignments(self.facts.body)

    @functools.cached_property
    def names(self) -> frozenset[str]:
        return frozenset(self.facts.names)

    @functools.cached_property
    def inside(self) -> Inside:
        return Inside(self)

    def place(self, node: Node) -> Place:
        return self.facts.place(self.path, node.at, node.end)

    def first_line(self) -> Place:
        return Place(self.path, 1, 1, 1, 1)


class Inside:
    """What stands in the functions of a module, and which classes in its classes: by index of what is around."""

    def __init__(self, module: Module) -> None:
        self.imports: dict[int, dict[str, Import]] = {}
        self.functions: dict[int, dict[str, Function]] = {}
        self.classes: dict[int, dict[str, Class]] = {}
        self.inner: dict[int, dict[str, Class]] = {}
        for each in module.facts.imports:
            if each.function is not None:
                self.imports.setdefault(each.function, {})[each.bound] = each
        for function in module.functions:
            facts = function.facts
            if facts.parent is not None and facts.cls is None and not facts.is_lambda:
                self.functions.setdefault(facts.parent, {})[function.name] = function
        for cls in module.classes:
            if cls.facts.function is not None:
                self.classes.setdefault(cls.facts.function, {})[cls.name] = cls
            if cls.facts.cls is not None:
                self.inner.setdefault(cls.facts.cls, {})[cls.name] = cls


class Class:
    """A class of the project. `qualified` is its dotted name from the module's on."""

    def __init__(self, module: Module, index: int) -> None:
        self.module, self.index = module, index
        self.facts: ClassFacts = module.facts.classes[index]
        self.name = self.facts.name
        self.qualified = f"{module.name}.{self.facts.qualname}"

    def __repr__(self) -> str:
        return f"<class {self.qualified}>"

    @property
    def body(self) -> list[Stmt]:
        return self.facts.body

    @property
    def at(self) -> Place:
        return self.module.facts.place(self.module.path, self.facts.name_at, self.facts.name_end)

    @property
    def around(self) -> Scope:
        """Where the names are found that its body uses and does not bind."""
        return self.module if self.facts.function is None else self.module.functions[self.facts.function]

    def _defined(self) -> Iterator[Function]:
        return map(self.module.functions.__getitem__, self.facts.methods)

    @functools.cached_property
    def setters(self) -> dict[str, Function]:
        """What assigning to a property runs."""
        return {each.name: each for each in self._defined() if each.accessor == "setter"}

    @functools.cached_property
    def methods(self) -> dict[str, Function]:
        """By name; of a property what reads it."""
        return {each.name: each for each in self._defined() if not each.accessor}

    @functools.cached_property
    def attributes(self) -> dict[str, Assign]:
        """The last assignment to each plain name in the class body, annotations without a value included."""
        return {name: found[-1] for name, found in assignments(self.facts.body).items()}

    @property
    def inner(self) -> dict[str, Class]:
        """Classes that stand directly in this one, like Django's `Meta`."""
        return self.module.inside.inner.get(self.index, {})

    @functools.cached_property
    def instance_attributes(self) -> dict[str, list[tuple[Function, Assign]]]:
        """What methods assign to attributes of their first parameter, by attribute."""
        found: dict[str, list[tuple[Function, Assign]]] = {}
        for method in (*self.methods.values(), *self.setters.values()):
            own = method.parameters[0].name if method.parameters else None
            for stmt in method.statements:
                if type(stmt) is not Assign:
                    continue
                for target in stmt.targets:
                    if _is_attribute_of(target, own):
                        found.setdefault(target.name, []).append((method, stmt))  # type: ignore[union-attr]
        return found

    def place(self, node: Node) -> Place:
        return self.module.place(node)


class Function:
    """A function, method or lambda of the project. `qualified` is its dotted name from the module's on."""

    def __init__(self, module: Module, index: int) -> None:
        self.module, self.index = module, index
        self.facts: FunctionFacts = module.facts.functions[index]
        self.name = self.facts.name
        self.qualified = f"{module.name}.{self.facts.qualname}"

    @functools.cached_property
    def accessor(self) -> str | None:
        """`setter` or `deleter`, of a property."""
        found = (dotted(each) or "" for each in self.facts.decorators)
        return next((last for _, _, last in (name.rpartition(".") for name in found) if last in _ACCESSORS), None)

    @functools.cached_property
    def key(self) -> str:
        """A name that no other has: what is defined anew, or for a property once more, is called like the last one."""
        is_last = self.module.by_qualname[self.facts.qualname] is self
        return self.qualified if is_last else f"{self.qualified}#{self.index}"

    def __repr__(self) -> str:
        return f"<function {self.key}>"

    @property
    def body(self) -> list[Stmt]:
        return self.facts.body

    @property
    def parameters(self) -> list[Parameter]:
        return self.facts.parameters

    @property
    def decorators(self) -> list[Expr]:
        return self.facts.decorators

    @property
    def is_async(self) -> bool:
        return self.facts.is_async

    @property
    def is_top(self) -> bool:
        return self.facts.parent is None and self.facts.cls is None

    @functools.cached_property
    def is_static(self) -> bool:
        return self._is_made("staticmethod")

    @functools.cached_property
    def is_classmethod(self) -> bool:
        return self._is_made("classmethod")

    @property
    def takes_receiver(self) -> bool:
        """Whether its first parameter is the object, or the class, that it is called on."""
        return self.facts.cls is not None and not self.is_static

    def _is_made(self, kind: str) -> bool:
        return any(dotted(each) == kind for each in self.facts.decorators)

    @property
    def cls(self) -> Class | None:
        """The class in whose body it stands directly."""
        return None if self.facts.cls is None else self.module.classes[self.facts.cls]

    @property
    def owner(self) -> Class | None:
        """The class whose instance its code can reach by `self`: its own, or that of the method it is nested in."""
        current: Function | None = self
        while current is not None:
            if current.facts.cls is not None:
                return current.cls
            current = current.parent
        return None

    @property
    def parent(self) -> Function | None:
        return None if self.facts.parent is None else self.module.functions[self.facts.parent]

    @property
    def around(self) -> Scope:
        """The scope in which its decorators, annotations and defaults are evaluated."""
        return self.cls or self.parent or self.module

    @property
    def at(self) -> Place:
        """The place of its name."""
        return self.module.facts.place(self.module.path, self.facts.name_at, self.facts.name_end)

    @functools.cached_property
    def statements(self) -> list[Stmt]:
        """All statements of its scope, nested blocks included, nested definitions not."""
        return list(walk_statements(self.facts.body))

    @functools.cached_property
    def locals(self) -> frozenset[str]:
        return frozenset(self.facts.locals)

    @property
    def imports(self) -> dict[str, Import]:
        """Imports that stand in its own body."""
        return self.module.inside.imports.get(self.index, {})

    @property
    def nested(self) -> dict[str, Function]:
        return self.module.inside.functions.get(self.index, {})

    @property
    def nested_classes(self) -> dict[str, Class]:
        return self.module.inside.classes.get(self.index, {})

    def parameter(self, name: str) -> Parameter | None:
        return next((each for each in self.facts.parameters if each.name == name), None)

    def place(self, node: Node) -> Place:
        return self.module.place(node)


Scope = Module | Class | Function


def assignments(body: Iterable[Stmt]) -> dict[str, list[Assign]]:
    """Assignments to plain names, nested blocks included, in order."""
    found: dict[str, list[Assign]] = {}
    for stmt in walk_statements(list(body)):
        if type(stmt) is Assign:
            for target in stmt.targets:
                if type(target) is Name:
                    found.setdefault(target.id, []).append(stmt)
    return found


def scopes(modules: Iterable[Module]) -> Iterator[Scope]:
    """All scopes in which code stands, module by module."""
    for module in modules:
        yield module
        yield from module.classes
        yield from module.functions


def _is_attribute_of(target: Expr, name: str | None) -> bool:
    return type(target) is Attribute and type(target.value) is Name and target.value.id == name
