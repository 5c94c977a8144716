"""Who owns rows: the models of those who call, and where the code decides what they may do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from backend_lint.api import Function, Model, Project, Route, Step, ir, words
from backend_lint.rules.security._shared import identity_guards, nested

_EVIDENCE = 2
_KINDS = frozenset(
    {"role", "roles", "permission", "permissions", "plan", "plans", "country", "language", "currency", "status"}
    | {"type", "types", "category", "timezone", "locale", "theme", "image", "images", "file", "files", "address"}
)
"""Words for tables that say of what kind a user is, or what is kept of them, rather than whose."""
_PRINCIPALS = frozenset(
    {
        "flask_login.UserMixin",
        "flask_security.UserMixin",
        "django.contrib.auth.models.AbstractBaseUser",
        "django.contrib.auth.models.AbstractUser",
        "django.contrib.auth.models.User",
    }
)

POLICY = re.compile(
    r"(?:^|_)(?:check|has|can|may|ensure|assert|require|validate|verify|authorize|authorise|allowed|enforce|is)_?\w*"
    r"(?:perm|access|owner|author|allow|role|admin|member|belongs|visib|staff|superuser|scope|polic)"
    r"|^(?:authorize|authorise|is_authorized|can|enforce|has_perm|is_owner|is_admin|is_superuser|is_staff|role|permissions?)$"
    r"|^can_\w+|_or_403$|for_user|by_user|owned_by|accessible|visible_to",
    re.IGNORECASE,
)
"""What functions are called that decide whether a caller may do something."""


def principals(project: Project) -> frozenset[str]:
    """The models that guards give to handlers: who is calling."""
    found = {
        each.qualified
        for each in project.models.values()
        if each.cls is not None and project.classes.is_subclass(each.cls, *_PRINCIPALS)
    }
    for route in project.routes:
        for guard in identity_guards(route):
            kind = None if guard.function is None else project.types.returned(guard.function)
            if kind is not None and kind.name in project.models:
                found.add(kind.name)
    return frozenset(found) | {"django.contrib.auth.models.User"}


def handled(handler: Function, route: Route, project: Project) -> Iterator[Function]:
    """What runs for a request, two calls deep, without the guards that only ask who calls."""
    seen: set[str] = set()
    pending = [(each, 0) for each in (*nested(handler), *route.dependencies)]
    guards = {
        guard.function.qualified
        for guard in identity_guards(route)
        if guard.function is not None and guard.level != "handler"
    }
    while pending:
        function, depth = pending.pop()
        if function.qualified in seen or function.qualified in guards:
            continue
        seen.add(function.qualified)
        yield function
        if depth < 2:
            pending += [(each, depth + 1) for site in project.sites(function) for each in site.targets[:1]]


@dataclass
class Owned:
    """A table whose rows belong to somebody: the names that lead to the owner, and where the code decides by them."""

    model: Model
    names: set[str]
    decisions: list[Step] = field(default_factory=list)


def owned_tables(project: Project) -> dict[str, Owned]:
    """The tables with a foreign key to a user, or to what users belong to, by which the code decides at least twice."""
    callers = principals(project)
    tables = {project.models[each].table for each in callers if each in project.models} | {"auth_user"}
    tables |= _tenants(callers, project)
    found: dict[str, Owned] = {}
    for model in project.models.values():
        names: set[str] = set()
        for attribute, column in model.columns.items():
            if column.foreign_key is not None and column.foreign_key.rpartition(".")[0] in tables:
                names |= {attribute, column.name}
        for relation in model.relationships.values():
            if not relation.many and set(relation.columns) & names:
                names.add(relation.name)
        if names and model.qualified not in callers:
            found[model.qualified] = Owned(model, names)
    for query in project.queries:
        table = found.get(query.model or "")
        if table is not None and not query.is_write:
            used = next((each for each in query.filters if each.column in table.names and each.operator == "=="), None)
            if used is not None:
                table.decisions.append(Step(query.at, f"decides by `{used.column}`"))
    _compare_owners(project, found)
    return {name: table for name, table in found.items() if len(table.decisions) >= _EVIDENCE}


def _tenants(callers: frozenset[str], project: Project) -> set[str]:
    """The tables that each user belongs to one row of, and another table refers to: companies, practices, schools."""
    keys = {
        model.qualified: {
            column.foreign_key.rpartition(".")[0] for column in model.columns.values() if column.foreign_key is not None
        }
        for model in project.models.values()
        if not model.is_join
    }
    users = {project.models[each].table for each in callers if each in project.models}
    own = set().union(*(keys.get(each, set()) for each in callers)) - users
    return {
        each
        for each in own
        if _KINDS.isdisjoint(words(each)) and any(each in held for name, held in keys.items() if name not in callers)
    }


def _compare_owners(project: Project, found: dict[str, Owned]) -> None:
    """Comparisons of a row's owner, by the type of what is compared."""
    names = {name for table in found.values() for name in table.names}
    for function in project.functions():
        for node in ir.walk(function.body) if names else ():
            if type(node) is ir.Compare and node.op in ("==", "!="):
                for side in (node.left, node.right):
                    if type(side) is ir.Attribute and side.name in names:
                        kind = project.type_of(side.value, function)
                        table = None if kind is None or kind.itself else found.get(kind.name)
                        if table is not None and side.name in table.names:
                            table.decisions.append(Step(function.place(node), f"compares `{side.name}`"))


_REQUEST = re.compile(r"^(?:self\.)?request\.(?:form|json|args|values|data|POST|GET|query_params|headers|get_json)")


def sent(value: ir.Expr, route: Route, handler: Function) -> str | None:
    """The name of what the client sent, if a value is that: a field of the body, a parameter, a part of the request."""
    bodies = {each.variable or each.name for each in route.inputs if each.where in ("body", "form")}
    plain = {each.variable or each.name for each in route.inputs if each.where in ("query", "header", "form")}
    match value:
        case ir.Attribute(value=ir.Name(id=owner), name=name) if owner in bodies:
            return f"{owner}.{name}"
        case ir.Name(id=name) if name in plain:
            return name
        case ir.Subscript(value=owner, index=ir.Const(value=str(key))) if _REQUEST.match(ir.dotted(owner) or ""):
            return key
        case ir.Call(
            func=ir.Attribute(value=owner, name="get"), args=[ir.Argument(value=ir.Const(value=str(key))), *_]
        ) if _REQUEST.match(ir.dotted(owner) or ""):
            return key
        case ir.Name(id=name) if name in handler.locals and handler.parameter(name) is None:
            bound = [
                stmt.value
                for stmt in handler.statements
                if type(stmt) is ir.Assign and any(type(each) is ir.Name and each.id == name for each in stmt.targets)
            ]
            return (
                sent(bound[0], route, handler)
                if len(bound) == 1 and bound[0] is not None and bound[0] is not value
                else None
            )
        case _:
            return None
