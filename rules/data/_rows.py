"""What the rules on loading have in common: which query rows come from, and which relations an answer walks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from backend_lint.api import (
    CallSite,
    Class,
    Function,
    Model,
    Place,
    Project,
    Query,
    Relationship,
    Schema,
    SchemaField,
    ir,
)

EAGER = frozenset(
    {"joined", "selectin", "subquery", "immediate", "False", "joined_eager", "noload", "raise", "write_only", "dynamic"}
)
_KEYS = frozenset({"pk", "id"})
_FETCHES = frozenset(
    {
        "all",
        "first",
        "one",
        "one_or_none",
        "scalar",
        "scalars",
        "scalar_one",
        "scalar_one_or_none",
        "unique",
        "fetchall",
    }
    | {"partitions", "fetchone"}
)
_DEPTH = 4


def source_query(
    expr: ir.Expr, function: Function, queries: dict[int, Query], project: Project, depth: int = 0
) -> Query | None:
    """The query whose rows an expression gives: written in it, held by a local, or returned by what it calls."""
    for node in ir.walk_expression(expr):
        if id(node) in queries:
            return queries[id(node)]
    if depth > 6:
        return None
    match expr:
        case ir.Name(id=name):
            bound = project.types.bindings(function).get(name, [])
            if len(bound) == 1 and bound[0].kind == "value":
                return source_query(bound[0].expr, function, queries, project, depth + 1)
        case ir.Await(value=value):
            return source_query(value, function, queries, project, depth + 1)
        case ir.Call(func=ir.Attribute(value=value, name=name)) if name in _FETCHES:
            return source_query(value, function, queries, project, depth + 1)
        case ir.Call():
            targets = project.site(expr, function).targets
            if len(targets) == 1:
                returned = [
                    stmt.value for stmt in targets[0].statements if type(stmt) is ir.Return and stmt.value is not None
                ]
                if len(returned) == 1:
                    return source_query(returned[0], targets[0], queries, project, depth + 1)
    return None


def of_a_row(query: Query) -> bool:
    """Whether it asks for all that belongs to a row, as `order.lines.all()` does; such rows can be loaded ahead."""
    func = query.site.call.func
    inner = func.value if type(func) is ir.Attribute and func.name == "all" else None
    return type(inner) is ir.Attribute and inner.name not in ("objects", "query") and query.library == "django"


def loading(model: Model, names: list[str], *, many: bool) -> str:
    """How a query loads relations of its rows with them, in the words of its library. `names` are paths (`items.product`)."""
    given = ", ".join(f'"{name.replace(".", "__")}"' for name in names)
    match model.orm:
        case "django":
            return f"`{'prefetch_related' if many else 'select_related'}({given})`"
        case "tortoise":
            return f"`prefetch_related({given})`"
        case "peewee":
            return "`prefetch(…)`" if many else f"select both, and join: `.select({model.name}, …).join(…)`"
        case "mongoengine":
            return "`.select_related()`"
        case "beanie":
            return "`fetch_links=True`"
        case _:
            return f"`selectinload({model.name}.{names[0].partition('.')[0]})`"


def where(at: Place, function: Function) -> str:
    """`in line 7`, or `of shop/orders.py:7` where it stands in another file."""
    return f"in line {at.line}" if at.path == function.module.path else f"of {at.path}:{at.line}"


@dataclass(frozen=True)
class Read:
    """A read of an attribute of a row: in which function it stands, and the reads and calls that lead the row there."""

    node: ir.Expr
    function: Function
    name: str
    way: tuple[Read, ...] = ()

    @property
    def at(self) -> Place:
        return self.function.place(self.node)


def reads(
    function: Function,
    name: str,
    model: Model,
    project: Project,
    inside: Callable[[ir.Node], bool] = lambda node: True,
    depth: int = 2,
) -> Iterator[Read]:
    """The reads of a row under its local name, those of its own methods and of functions that get it included.

    What a callee reads only where another argument says so is left out.
    """
    for node in ir.walk(function.body):
        if type(node) is ir.Attribute and type(node.value) is ir.Name and node.value.id == name and inside(node):
            here = Read(node, function, node.name)
            yield here
            method = project.classes.method(model.qualified, node.name) if depth else None
            if method is not None and method is not function and _is_property(method) and method.parameters:
                yield from _below(here, method, method.parameters[0].name, model, project, depth)
    for site in project.sites(function) if depth else ():
        target = site.targets[0] if len(site.targets) == 1 and site.is_certain else None
        if target is None or target is function or not inside(site.call):
            continue
        here = Read(site.call, function, f"{site.method}()")
        for parameter in _received(site, target, name):
            yield from _below(here, target, parameter, model, project, depth)


def _below(here: Read, function: Function, name: str, model: Model, project: Project, depth: int) -> Iterator[Read]:
    """What a function reads of a row that it gets, whatever else it gets, unless it puts another in its place."""
    if project.types.bindings(function).get(name):
        return
    others = {each.name for each in function.parameters} - {name}
    optional = [
        stmt
        for stmt in function.statements
        if type(stmt) is ir.If
        and any(type(node) is ir.Name and node.id in others for node in ir.walk_expression(stmt.test))
    ]
    for each in reads(function, name, model, project, depth=depth - 1):
        first = each.way[0] if each.way else each
        if not any(stmt.at <= first.node.at < stmt.end for stmt in optional):
            yield Read(each.node, each.function, each.name, (here, *each.way))


def _received(site: CallSite, target: Function, name: str) -> Iterator[str]:
    """The parameters of a callee that get the row of this name."""
    func = site.call.func
    if type(func) is ir.Attribute and type(func.value) is ir.Name and func.value.id == name and target.cls is not None:
        yield from (each.name for each in target.parameters[:1])
    for parameter in target.parameters:
        value = site.passed(target, parameter.name)
        if type(value) is ir.Name and value.id == name:
            yield parameter.name


def _is_property(function: Function) -> bool:
    return any((ir.dotted(each) or "").endswith("property") for each in function.decorators)


@dataclass(frozen=True)
class Need:
    """A relation that has to be loaded for an answer: the way to it from the rows of the query, and what asks for it."""

    path: str
    relation: Relationship
    at: Place
    asked_by: str


def needs(schema: Schema, model: Model, project: Project) -> list[Need]:
    """The relations that a schema walks to write one row of a model, those that the model loads by itself left out."""
    found: dict[str, Need] = {}
    for need in _needs(schema, model, project, "", _DEPTH, frozenset()):
        found.setdefault(need.path, need)
    return list(found.values())


def _needs(
    schema: Schema, model: Model, project: Project, prefix: str, depth: int, seen: frozenset[str]
) -> Iterator[Need]:
    if depth == 0 or schema.qualified in seen or _writes_itself(schema, project):
        return
    for field in schema.fields.values():
        if field.write_only:
            continue
        if field.type == "SerializerMethodField":
            yield from _of_method(schema, field, model, project, prefix)
            continue
        *way, last = (field.source or field.name).split(".")
        owner, path = model, prefix
        for name in way:
            relation = owner.relationships.get(name)
            target = project.models.get(relation.target or "") if relation is not None else None
            if relation is None or target is None:
                break
            path += name
            if relation.lazy not in EAGER:
                yield Need(path, relation, field.at, f"`{schema.name}.{field.name}`")
            owner, path = target, path + "."
        else:
            yield from _of_field(schema, field, last, owner, project, path, depth, seen)


def _of_field(
    schema: Schema,
    field: SchemaField,
    name: str,
    model: Model,
    project: Project,
    prefix: str,
    depth: int,
    seen: frozenset[str],
) -> Iterator[Need]:
    relation = model.relationships.get(name)
    if relation is None:
        return
    inner = project.schemas.get(field.schema or "")
    loads = inner is not None or relation.many or relation.is_reverse or field.type in _LOADING
    if not loads or (relation.lazy in EAGER and inner is None):
        return
    if relation.lazy not in EAGER:
        yield Need(prefix + name, relation, field.at, f"`{schema.name}.{field.name}`")
    target = project.models.get(relation.target or "")
    if inner is not None and target is not None:
        yield from _needs(inner, target, project, f"{prefix}{name}.", depth - 1, seen | {schema.qualified})


_LOADING = frozenset({"StringRelatedField", "SlugRelatedField"})


def _of_method(schema: Schema, field: SchemaField, model: Model, project: Project, prefix: str) -> Iterator[Need]:
    """What `get_total(self, order)` reads of the row."""
    method = project.classes.method(schema.qualified, f"get_{field.name}")
    if method is None or len(method.parameters) < 2:
        return
    row = method.parameters[1].name
    parents = {id(node.value): node for node in ir.walk(method.body) if type(node) is ir.Attribute}
    for node in ir.walk(method.body):
        match node:
            case ir.Attribute(value=ir.Name(id=owner), name=name) if owner == row:
                relation = model.relationships.get(name)
                outer = parents.get(id(node))
                if relation is None or relation.lazy in EAGER or outer is None:
                    continue
                if not relation.many and outer.name in _KEYS:
                    continue
                if relation.many and outer.name not in _ROWS:
                    continue
                yield Need(prefix + name, relation, method.place(node), f"`{schema.name}.get_{field.name}()`")


_ROWS = frozenset({"all", "count", "exists"})


def _writes_itself(schema: Schema, project: Project) -> bool:
    """Whether a serializer makes its output on its own, so that its fields tell nothing."""
    method = project.classes.method(schema.qualified, "to_representation")
    if method is None:
        return False
    return not any(type(node) is ir.Call and ir.dotted(node.func) == "super" for node in ir.walk(method.body))


def covered(path: str, eager: set[str]) -> bool:
    """Whether a relation path is among those that are loaded ahead, or on the way to one.

    What the query inside a `Prefetch` loads is written from the rows of that query on.
    """
    return "*" in eager or any(f".{path}".endswith(f".{each}") or each.startswith(f"{path}.") for each in eager)


def view_eager(view: Class, project: Project) -> set[str] | None:
    """What the methods of a view load ahead, wherever they do; None where that cannot be told."""
    found: set[str] = set()
    seen: set[str] = set()
    for cls in project.classes.mro(view):
        if not isinstance(cls, Class):
            continue
        bodies = [method for name, method in cls.methods.items() if name in _QUERYSETS]
        for scope in (cls, *bodies):
            if not _collect(scope, project, found, seen, 3):
                return None
    return found


_QUERYSETS = frozenset(
    {"get_queryset", "list", "filter_queryset", "paginate_queryset", "get_object", "retrieve", "get"}
)


def _collect(scope: Function | Class, project: Project, found: set[str], seen: set[str], depth: int) -> bool:
    if scope.qualified in seen:
        return True
    seen.add(scope.qualified)
    for site in project.sites(scope):
        if site.method in ("select_related", "prefetch_related", "prefetch_related_objects", "with_related"):
            if not site.call.args:
                found.add("*")
            for arg in site.call.args:
                value = arg.value
                if type(value) is ir.Call and value.args:
                    value = value.args[0].value
                held = project.constant(value, scope)
                held = [held] if isinstance(held, str) else held
                if not isinstance(held, list | tuple) or not all(isinstance(each, str) for each in held):
                    return False
                found.update(each.replace("__", ".") for each in held)
        for target in site.targets[:2] if depth else ():
            if not _collect(target, project, found, seen, depth - 1):
                return False
    return True
