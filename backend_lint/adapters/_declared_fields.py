"""Models whose columns are attributes made by a library's field classes: Peewee, Tortoise ORM, mongoengine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from backend_lint.core import Place
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Project, Scope, Type
from backend_lint.project.constants import UNKNOWN, constant
from backend_lint.project.model import Column, Model


@dataclass(frozen=True, eq=False)
class Declared:
    """A field as it is written. `kind` is the library's class that it is made of (`CharField`)."""

    name: str
    kind: str
    call: ir.Call
    scope: Class

    @property
    def at(self) -> Place:
        return self.scope.module.place(self.call)

    def given(self, *names: str) -> Expr | None:
        """The argument under the first of these keywords that is passed."""
        return next((self.call.keywords[name] for name in names if name in self.call.keywords), None)


def declared(project: Project, cls: Class, libraries: tuple[str, ...]) -> dict[str, Declared]:
    """The fields of a class, those of its bases first."""
    found: dict[str, Declared] = {}
    for each in reversed(project.classes.mro(cls)):
        for name, stmt in each.attributes.items() if isinstance(each, Class) else ():
            kind = _kind(project, stmt.value, each, libraries) if isinstance(each, Class) else None
            if kind is not None and type(stmt.value) is ir.Call and isinstance(each, Class):
                found[name] = Declared(name, kind, stmt.value, each)
            else:
                found.pop(name, None)
    return found


def _kind(project: Project, value: Expr | None, scope: Class, libraries: tuple[str, ...]) -> str | None:
    """The library's field class that a call makes, also through one of the project's own."""
    name = project.qualified(value.func, scope) if type(value) is ir.Call else None
    if name is None:
        return None
    cls = project.cls(name)
    above = [name] if cls is None else [each for each in project.classes.mro(cls) if isinstance(each, str)]
    return next((each.rpartition(".")[2] for each in above if each.startswith(libraries) and _is_field(each)), None)


def _is_field(name: str) -> bool:
    return name.endswith(("Field", "Key", "Relation"))


def value(project: Project, expr: Expr | None, scope: Scope, default: Any) -> Any:
    """What an argument is worth, the library's default where it is left out or cannot be told."""
    found = UNKNOWN if expr is None else constant(project, expr, scope)
    return default if found is UNKNOWN else found


def column(project: Project, field: Declared, name: str, families: dict[str, str], **facts: Any) -> Column:
    """The column that a field makes, with what the arguments of all these libraries have in common."""
    arguments = {key: value(project, given, field.scope, None) for key, given in field.call.keywords.items()}
    return Column(
        name,
        field.name,
        field.kind,
        field.at,
        default=field.given("default"),
        choices="choices" in field.call.keywords,
        arguments={key: held for key, held in arguments.items() if held is not None},
        declaration=field.call,
        defined_in=field.scope,
        family=families.get(field.kind),
        declared=project.qualified(field.call.func, field.scope),
        **facts,
    )


def option(project: Project, cls: Class, holder: str, name: str, *, inherited: bool) -> tuple[Expr, Class] | None:
    """An option in the inner class `Meta` (`Settings`) of a model, or of a base where such are inherited."""
    for each in project.classes.mro(cls):
        inner = each.inner.get(holder) if isinstance(each, Class) else None
        if inner is not None and name in inner.attributes:
            held = inner.attributes[name].value
            return None if held is None else (held, inner)
        if not inherited:
            break
    return None


def relation_types(models: Mapping[str, Model], many: str) -> Iterator[tuple[tuple[str, str], Type]]:
    """The types of relations; `many` is the class that holds several rows."""
    for model in models.values():
        for related in model.relationships.values():
            if related.target is not None:
                one = Type(related.target)
                yield (model.qualified, related.name), Type(many, (one,)) if related.many else one


def models_of(project: Project, *bases: str) -> Iterator[Class]:
    """The project's classes below a library's base."""
    for scope in project.scopes():
        if isinstance(scope, Class) and project.classes.is_subclass(scope, *bases):
            yield scope
