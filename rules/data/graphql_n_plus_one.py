"""A field of GraphQL asks the database once for each object of a list.

## What it does
Reports resolvers of strawberry and graphene, on types that lists give, that query by a value of their parent, with no
loader in between.

## Why it matters
The client chooses the fields: a list of fifty orders with this field in it is fifty queries more, two such levels are
2,500. Nothing in the code looks like a loop.

## Example
```python
import strawberry
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Line(Base):
    __tablename__ = "lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(index=True)


@strawberry.type
class Order:
    id: int

    @strawberry.field
    def lines(self) -> list[int]:
        return [line.id for line in Session().scalars(select(Line).where(Line.order_id == self.id))]


@strawberry.type
class Query:
    @strawberry.field
    def orders(self) -> list[Order]:
        return []


schema = strawberry.Schema(query=Query)
```

## Use instead
```python
import strawberry
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Line(Base):
    __tablename__ = "lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(index=True)


@strawberry.type
class Order:
    id: int

    @strawberry.field
    async def lines(self, info: strawberry.Info) -> list[int]:
        return await info.context["lines_of_order"].load(self.id)


@strawberry.type
class Query:
    @strawberry.field
    def orders(self) -> list[Order]:
        return []


schema = strawberry.Schema(query=Query)
```

## When not to
An optimiser that plans queries ahead (`DjangoOptimizerExtension`); the rule is silent where one is used.

## References
- https://strawberry.rocks/docs/guides/dataloaders
- https://docs.graphene-python.org/en/latest/execution/dataloader/
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from backend_lint.api import Class, Finding, Function, Place, Project, ProjectRule, Query, Severity, Step, Unit, ir

_OBJECTS = ("graphene.ObjectType", "graphene.types.objecttype.ObjectType", "graphene_django.DjangoObjectType")
_TYPES = frozenset({"strawberry.type", "strawberry.interface", "strawberry_django.type", "strawberry.django.type"})
_FIELDS = frozenset({"strawberry.field", "strawberry_django.field", "strawberry.django.field"})
_ROOTS = frozenset({"Query", "Mutation", "Subscription", "Queries", "Mutations"})
_LISTS = frozenset(
    {"List", "DjangoListField", "DjangoConnectionField", "DjangoFilterConnectionField", "ConnectionField"}
)


class GraphqlNPlusOne(ProjectRule):
    code = "DAT311"
    severity = Severity.MEDIUM
    preview = True
    cwe = (1073,)
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        resolvers = list(_resolvers(project))
        if not resolvers or _is_optimised(project):
            return
        listed = _listed(project)
        queries: defaultdict[str, list[Query]] = defaultdict(list)
        for query in project.queries:
            if query.is_read:
                queries[getattr(query.scope, "qualified", "")].append(query)
        for cls, method in resolvers:
            if cls.name not in listed or any("load" in (site.method or "") for site in project.sites(method)):
                continue
            parent = method.parameters[0].name
            query = next((each for each in queries[method.qualified] if _asks_by(each, parent)), None)
            if query is not None:
                model = project.models.get(query.model or "")
                what = f"`{model.name}`" if model is not None else "the database"
                yield self.finding(
                    query.at,
                    f"`{cls.name}.{_field(method)}` asks for {what} once for each `{cls.name}` of a list",
                    help="Let a loader ask for those of all objects at once, or load them with the list.",
                    related=[Step(listed[cls.name], f"a list of `{cls.name}`")],
                    discriminator=_field(method),
                )

    def examined(self, project: Project) -> Iterable[str]:
        return [f"{method.module.path}:{method.facts.qualname}" for _, method in _resolvers(project)]


def _field(method: Function) -> str:
    return method.name.removeprefix("resolve_")


def _resolvers(project: Project) -> Iterator[tuple[Class, Function]]:
    """The methods that answer for a field of a type that is no root."""
    for scope in project.scopes():
        if not isinstance(scope, Class) or scope.name in _ROOTS:
            continue
        decorators = {_called(project, each, scope) for each in scope.facts.decorators}
        is_strawberry = bool(decorators & _TYPES)
        if not is_strawberry and not project.classes.is_subclass(scope, *_OBJECTS):
            continue
        for method in scope.methods.values():
            is_field = bool({_called(project, each, scope) for each in method.decorators} & _FIELDS)
            if method.parameters and (is_field if is_strawberry else method.name.startswith("resolve_")):
                yield scope, method


def _called(project: Project, expr: ir.Expr, scope: Class) -> str | None:
    return project.qualified(ir.callee(expr), scope.module)


def _is_optimised(project: Project) -> bool:
    """Whether something plans the queries of a request ahead."""
    return any(
        "optimizer" in f"{each.module}.{each.name or ''}".lower()
        for module in project.modules.values()
        for each in module.facts.imports
    )


def _listed(project: Project) -> dict[str, Place]:
    """The names of types of which a field gives a list, with where."""
    found: dict[str, Place] = {}
    for scope in project.scopes():
        if isinstance(scope, Class):
            for stmt in scope.attributes.values():
                for expr in (stmt.annotation, stmt.value):
                    for name in _in_lists(expr):
                        found.setdefault(name, scope.module.place(stmt))
        elif isinstance(scope, Function):
            for name in _in_lists(scope.facts.returns):
                found.setdefault(name, scope.at)
    return found


def _in_lists(expr: ir.Expr | None) -> Iterator[str]:
    """`Order` of `list[Order]`, `graphene.List(Order)`, `DjangoListField(Order)`."""
    for node in ir.walk_expression(expr) if expr is not None else ():
        inner: ir.Expr | None = None
        match node:
            case ir.Subscript(value=ir.Name(id="list" | "List") | ir.Attribute(name="List"), index=inner):
                pass
            case ir.Call(func=func, args=[ir.Argument(value=inner), *_]):
                if (ir.dotted(func) or "").rpartition(".")[2] not in _LISTS:
                    continue
            case _:
                continue
        for each in ir.walk_expression(inner) if inner is not None else ():
            if type(each) is ir.Name:
                yield each.id
            elif type(each) is ir.Const and isinstance(each.value, str):
                yield each.value.rpartition(".")[2]


def _asks_by(query: Query, parent: str) -> bool:
    """Whether a query asks by a value of the parent object."""
    return any(
        use.value is not None
        and any(type(node) is ir.Name and node.id == parent for node in ir.walk_expression(use.value))
        for use in query.filters
    )
