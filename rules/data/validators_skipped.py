"""A write that the column's validators do not see.

## What it does
Reports updates and inserts in bulk of columns that SQLAlchemy's `@validates` checks, and rows of Django that are stored
with a value as the client sent it where the field has validators and nothing calls `full_clean()`.

## Why it matters
`@validates` runs when an attribute is set, and validators of Django run in forms, serializers and `full_clean()`. A
statement in bulk and a plain `save()` pass them by: what may not be stored is stored.

## Example
```python
from sqlalchemy import update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, validates


class Base(DeclarativeBase):
    pass


class Member(Base):
    __tablename__ = "members"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]

    @validates("email")
    def has_a_host(self, key: str, value: str) -> str:
        if "@" not in value:
            raise ValueError(value)
        return value


def move(session: Session, key: int, email: str) -> None:
    session.execute(update(Member).where(Member.id == key).values(email=email))
```

## Use instead
```python
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, validates


class Base(DeclarativeBase):
    pass


class Member(Base):
    __tablename__ = "members"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]

    @validates("email")
    def has_a_host(self, key: str, value: str) -> str:
        if "@" not in value:
            raise ValueError(value)
        return value


def move(session: Session, key: int, email: str) -> None:
    session.get_one(Member, key).email = email
```

## References
- https://docs.sqlalchemy.org/en/20/orm/mapped_attributes.html#simple-validators
- https://docs.djangoproject.com/en/stable/ref/validators/#how-validators-are-run
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import (
    Class,
    Finding,
    Function,
    Model,
    Place,
    Project,
    ProjectRule,
    Query,
    Severity,
    Step,
    Unit,
    ir,
)
from backend_lint.rules.data._shared import client_shapes

_ONE_BY_ONE = frozenset({"add", "add_all", "merge"})
_CLEANS = frozenset({"full_clean", "clean_fields", "is_valid", "run_validators"})


class ValidatorsSkipped(ProjectRule):
    code = "DAT209"
    severity = Severity.MEDIUM
    preview = True
    cwe = (20,)
    unit = Unit.QUERY

    def check(self, project: Project) -> Iterable[Finding]:
        for query, model in _writes(project):
            found = _validated(model, project) if model.orm != "django" else _declared(model)
            for name, (at, what) in found.items():
                if name not in query.values or not _passes_by(query, name, model, project):
                    continue
                yield self.finding(
                    query.at,
                    f"`{query.site.method}()` stores `{model.name}.{name}` past {what}, which would check it",
                    help="Call `full_clean()` first, or use a form or a serializer."
                    if model.orm == "django"
                    else "Set the attribute of the rows, or check the value before.",
                    related=[Step(at, "checked here")],
                    discriminator=name,
                )

    def examined(self, project: Project) -> Iterable[str]:
        return [str(query.at) for query, _ in _writes(project)]


def _writes(project: Project) -> Iterator[tuple[Query, Model]]:
    for query in project.queries:
        model = project.models.get(query.model or "")
        if model is not None and model.cls is not None and query.operation in ("insert", "update") and query.values:
            yield query, model


def _validated(model: Model, project: Project) -> dict[str, tuple[Place, str]]:
    """The columns that methods with `@validates` check, with where and which."""
    found: dict[str, tuple[Place, str]] = {}
    for cls in project.classes.mro(model.cls) if model.cls is not None else ():
        for method in cls.methods.values() if isinstance(cls, Class) else ():
            for each in method.decorators:
                if type(each) is ir.Call and project.qualified(each.func, method.around) == "sqlalchemy.orm.validates":
                    for arg in each.positional:
                        if type(arg) is ir.Const and isinstance(arg.value, str):
                            found.setdefault(arg.value, (method.at, f"`{method.name}()`"))
    return found


def _declared(model: Model) -> dict[str, tuple[Place, str]]:
    """The fields of Django with validators."""
    found: dict[str, tuple[Place, str]] = {}
    for column in model.columns.values():
        declared = column.declaration
        given = declared.keywords.get("validators") if type(declared) is ir.Call else None
        if type(given) is ir.Sequence and given.items:
            first = given.items[0]
            name = ir.dotted(ir.callee(first)) or "its validators"
            found[column.attribute] = (column.at, f"`{name}`")
    return found


def _passes_by(query: Query, name: str, model: Model, project: Project) -> bool:
    """Whether the write is one that validators do not see, of a value that they should."""
    if model.orm != "django":
        return query.library == "sqlalchemy" and query.site.method not in _ONE_BY_ONE
    function = query.scope
    if not isinstance(function, Function) or any(site.method in _CLEANS for site in project.sites(function)):
        return False
    if "full_clean" in {call.func.name for call in _own_save(model, project) if type(call.func) is ir.Attribute}:
        return False
    routes = project.handlers.get(function.qualified, [])
    sent = {each.variable or each.name for route in routes for each in route.inputs}
    return bool(routes) and client_shapes(query.values[name], function, sent, project) is not None


def _own_save(model: Model, project: Project) -> Iterator[ir.Call]:
    save = project.classes.method(model.qualified, "save")
    yield from ir.calls(save.body) if save is not None else ()
