"""What the rules on transactions have in common: what stands in one, which rows are written, and the ways down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from backend_lint.api import CallSite, Function, Path, Project, Query, Transaction, ir

AUTOCOMMIT = {
    "django": "`transaction.atomic()`",
    "peewee": "`database.atomic()`",
    "tortoise": "`in_transaction()`",
}
"""The libraries whose every write is stored at once unless a block says otherwise, with that block."""


class Writes:
    """The rows that functions write, by the names that hold them."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._queries: defaultdict[str, list[Query]] = defaultdict(list)
        for query in project.queries:
            if query.is_write:
                self._queries[getattr(query.scope, "qualified", "")].append(query)

    def of(self, function: Function) -> list[Query]:
        return self._queries[function.qualified]

    def names(self, function: Function, queries: list[Query]) -> set[str]:
        """The local names of rows that some queries write, and of what is made from them."""
        held = {id(query.site.call): query for query in queries if query.operation != "delete"}
        names: set[str] = set()
        for query in held.values():
            func = query.site.call.func
            if query.library in AUTOCOMMIT and type(func) is ir.Attribute and type(func.value) is ir.Name:
                if query.site.method in _INSTANCE:
                    names.add(func.value.id)
            elif query.library not in AUTOCOMMIT:
                names |= {each.id for each in query.site.call.positional[:1] if type(each) is ir.Name}
        for name, bound in self.project.types.bindings(function).items():
            if any(each.kind == "value" and id(_bare(each.expr)) in held and each.path in ((), (0,)) for each in bound):
                names.add(name)
        return spread(function, names)


_INSTANCE = frozenset({"save", "asave"})


def _bare(expr: ir.Expr) -> ir.Expr:
    while type(expr) is ir.Await:
        expr = expr.value
    return expr


_KEYS = ("id", "pk", "uuid", "key", "slug", "code", "number", "token")


def hands_over(expr: ir.Expr, names: set[str]) -> bool:
    """Whether an expression holds one of some rows, or the key of one; other values of a row stand for themselves."""
    if type(expr) is ir.Name:
        return expr.id in names
    if type(expr) is ir.Attribute and type(expr.value) is ir.Name:
        return expr.value.id in names and expr.name.lower().endswith(_KEYS)
    if type(expr) is ir.Call and ir.dotted(expr.func) not in _SAME:
        return False
    return any(hands_over(child, names) for child in ir.children(expr))


_SAME = frozenset({"str", "int", "list", "dict", "tuple", "set", "sorted", "repr"})


def spread(function: Function, names: set[str]) -> set[str]:
    """The names, and those of locals that hold the same rows or their keys."""
    found = set(names)
    for _ in range(2 if names else 0):
        for stmt in function.statements:
            match stmt:
                case ir.Assign(targets=targets, value=value) if value is not None and hands_over(value, found):
                    found |= {
                        each.id for target in targets for each in ir.walk_expression(target) if type(each) is ir.Name
                    }
                case ir.For(target=target, iter=source) if hands_over(source, found):
                    found |= {each.id for each in ir.walk_expression(target) if type(each) is ir.Name}
    return found


def received(site: CallSite, target: Function, names: set[str]) -> set[str]:
    """The names in a callee that hold what a call hands to it from some names, or what is made from that."""
    parameters = [each.name for each in target.parameters if each.kind in ("positional", "plain")]
    found: set[str] = set()
    if target.cls is not None and parameters and type(site.call.func) is ir.Attribute:
        if hands_over(site.call.func.value, names):
            found.add(parameters[0])
        parameters = parameters[1:]
    found |= {name for name, value in zip(parameters, site.call.positional, strict=False) if hands_over(value, names)}
    found |= {name for name, value in site.call.keywords.items() if hands_over(value, names)}
    return spread(target, found)


def within(transaction: Transaction, query: Query) -> bool:
    """Whether a query of the transaction's own function stands in it."""
    if transaction.kind == "session":
        return query.at >= transaction.at
    return any(site.call is query.site.call for site in transaction.calls)


def descend(
    sites: list[CallSite],
    leads: Callable[[CallSite], bool],
    to: Callable[[CallSite], bool],
    project: Project,
    depth: int,
) -> Iterator[Path]:
    """For each call that surely leads to one of interest, a way there."""
    for site in sites:
        way = _descend(site, leads, to, project, depth, set())
        if way is not None:
            yield Path(way)


def _descend(
    site: CallSite,
    leads: Callable[[CallSite], bool],
    to: Callable[[CallSite], bool],
    project: Project,
    depth: int,
    seen: set[str],
) -> tuple[CallSite, ...] | None:
    if to(site):
        return (site,)
    if depth == 0 or not site.is_certain or len(site.targets) != 1 or site.targets[0].qualified in seen:
        return None
    seen.add(site.targets[0].qualified)
    if not leads(site):
        return None
    for inner in project.sites(site.targets[0]):
        way = _descend(inner, leads, to, project, depth - 1, seen)
        if way is not None:
            return (site, *way)
    return None


class Cover:
    """Which code runs in a transaction, its callers' included."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._inside = {id(site.call) for each in project.transactions if each.kind != "session" for site in each.calls}
        self._entries = {
            function.qualified
            for route in project.routes
            for function in (route.handler, *route.dependencies)
            if function is not None
        } | {task.function.qualified for task in project.tasks}
        self._known: dict[str, Path | None] = {}

    def is_inside(self, site: CallSite) -> bool:
        return id(site.call) in self._inside

    def bare(self, function: Function) -> Path | None:
        """A way from a route or a task to the function on which no transaction is opened; an empty one for its own."""
        return self._bare(function, 4)

    def _bare(self, function: Function, depth: int) -> Path | None:
        if function.qualified in self._entries:
            return Path(())
        if function.qualified in self._known:
            return self._known[function.qualified]
        self._known[function.qualified] = None
        for site in self.project.callers(function) if depth else ():
            if self.is_inside(site) or not site.is_certain or not isinstance(site.scope, Function):
                continue
            above = self._bare(site.scope, depth - 1)
            if above is not None:
                self._known[function.qualified] = Path((*above.sites, site))
                break
        return self._known[function.qualified]
