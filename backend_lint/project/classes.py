"""The class hierarchy: bases, method resolution order, subclasses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.ir import Call, Expr, Subscript
from backend_lint.project.external import ancestors
from backend_lint.project.modules import Class, Function, Module
from backend_lint.project.names import Names

if TYPE_CHECKING:
    from backend_lint.project.types import Types


class Classes:
    """All classes of the project. A base from outside is its qualified name; one that cannot be named is left out."""

    def __init__(self, modules: dict[str, Module], names: Names, types: Types) -> None:
        self.names, self.types = names, types
        self.by_name: dict[str, Class] = {}
        for module in modules.values():
            for cls in module.classes:
                self.by_name[cls.qualified] = cls
        self._bases: dict[str, list[Class | str]] = {}
        self._mro: dict[str, list[Class | str]] = {}
        self._children: dict[str, list[Class]] | None = None
        self._below: dict[str, list[Class]] = {}

    def get(self, qualified: str) -> Class | None:
        return self.by_name.get(qualified)

    def bases(self, cls: Class) -> list[Class | str]:
        """The direct bases, in order."""
        known = self._bases.get(cls.qualified)
        if known is None:
            self._bases[cls.qualified] = []  # a class that inherits from itself has no bases
            found = (self._base(expr, cls) for expr in cls.facts.bases)
            known = self._bases[cls.qualified] = [base for base in found if base is not None and base is not cls]
        return known

    def _base(self, expr: Expr, cls: Class) -> Class | str | None:
        if type(expr) is Subscript:  # Generic[T], Repository[User]
            expr = expr.value
        scope = cls.module if cls.facts.function is None else cls.module.functions[cls.facts.function]
        qualified = self.names.qualified(expr, scope)
        if qualified is not None:
            base = self.get(qualified)
            if base is not None:
                return base
            if self.names.split(qualified)[0] is None:
                return qualified
        if qualified is not None or type(expr) is Call:
            found = self.types.of(expr, scope)
            if found is not None:
                return self.get(found.name) or found.name
        return qualified

    def mro(self, cls: Class) -> list[Class | str]:
        """The class, then its bases, in the order of method resolution (C3; depth first where that fails).

        Bases from outside are followed by their own known bases.
        Source: https://docs.python.org/3/howto/mro.html
        """
        known = self._mro.get(cls.qualified)
        if known is None:
            self._mro[cls.qualified] = [cls]
            known = self._mro[cls.qualified] = self._linearise(cls)
        return known

    def _linearise(self, cls: Class) -> list[Class | str]:
        bases = self.bases(cls)
        sequences = [list(self.mro(base) if isinstance(base, Class) else ancestors(base)) for base in bases]
        merged = _merge([*sequences, list(bases)])
        if merged is None:
            merged = list(dict.fromkeys(each for sequence in sequences for each in sequence))
        return [cls, *(each for each in merged if each is not cls)]

    def method(self, qualified: str, name: str) -> Function | None:
        """The method that an instance of the class answers to, from the project's classes only."""
        cls = self.get(qualified)
        if cls is None:
            return None
        for each in self.mro(cls):
            if type(each) is Class:
                found = each.methods.get(name)
                if found is not None:
                    return found
        return None

    def is_subclass(self, cls: Class | str, *names: str) -> bool:
        """Whether the class is, or inherits from, a class with one of these qualified names."""
        if isinstance(cls, str):
            found = self.get(cls)
            if found is None:
                return any(each in names for each in ancestors(cls))
            cls = found
        return any((each if isinstance(each, str) else each.qualified) in names for each in self.mro(cls))

    def subclasses(self, cls: Class) -> list[Class]:
        """All classes below, nearest first."""
        if self._children is None:
            self._children = {}
            for each in self.by_name.values():
                for base in self.bases(each):
                    if isinstance(base, Class):
                        self._children.setdefault(base.qualified, []).append(each)
        known = self._below.get(cls.qualified)
        if known is None:
            found = dict.fromkeys(self._children.get(cls.qualified, ()))
            pending = list(found)
            for each in pending:
                more = [below for below in self._children.get(each.qualified, ()) if below not in found]
                found.update(dict.fromkeys(more))
                pending += more
            known = self._below[cls.qualified] = list(found)
        return known


def _merge(sequences: list[list[Class | str]]) -> list[Class | str] | None:
    merged: list[Class | str] = []
    while True:
        sequences = [sequence for sequence in sequences if sequence]
        if not sequences:
            return merged
        for sequence in sequences:
            head = sequence[0]
            if not any(head in other[1:] for other in sequences):
                break
        else:
            return None
        merged.append(head)
        sequences = [
            [each for each in sequence if each != head] if head in sequence else sequence for sequence in sequences
        ]
