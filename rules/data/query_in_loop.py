"""A query runs once for each item of a loop.

## What it does
Reports reads inside a loop or comprehension whose predicate comes from the loop's variable, also where the read stands
in a helper that the loop calls. Loops over a fixed number of items and over batches do not count, nor do loops that
write, call other services, deal with errors, or stop at the first match: those work item by item on purpose.

## Why it matters
A page of a hundred rows costs a hundred and one round trips to the database instead of two.

## Example
```python
from fastapi import FastAPI
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Product(Base):
    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


@app.get("/products")
def names(ids: list[int]) -> list[str]:
    session = Session()
    return [session.get(Product, product_id).name for product_id in ids]
```

## Use instead
```python
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Product(Base):
    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


@app.get("/products")
def names(ids: list[int]) -> list[str]:
    session = Session()
    return [product.name for product in session.scalars(select(Product).where(Product.id.in_(ids)))]
```

## When not to
Background tasks, where nobody waits for the answer; the rule is silent there.

## References
- https://cwe.mitre.org/data/definitions/1073.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import (
    CallSite,
    Effect,
    Finding,
    Function,
    Path,
    Project,
    ProjectRule,
    Query,
    Severity,
    Step,
    Unit,
    ir,
    words,
)
from backend_lint.rules.data._rows import of_a_row
from backend_lint.rules.data._shared import Loop, loops, uses

_DEPTH = 3


class QueryInLoop(ProjectRule):
    code = "DAT303"
    severity = Severity.MEDIUM
    cwe = (1073,)
    unit = Unit.QUERY

    def check(self, project: Project) -> Iterable[Finding]:
        # DAT301 says how the rows' own are loaded with them
        queries = {
            id(query.site.call): query for query in project.queries if _is_repeatable(query) and not of_a_row(query)
        }
        for name, label in project.served.items():
            function = project.function(name)
            if label.startswith("task "):  # nobody waits for it
                continue
            for loop in loops(function) if function is not None else ():
                if not loop.is_bounded and not _is_of_batches(loop) and not _works_by_item(loop, function, project):  # type: ignore[arg-type]
                    for path, query in _repeated(loop, function, queries, project):  # type: ignore[arg-type]
                        yield self._finding(path, query, loop, label, function, project)  # type: ignore[arg-type]

    def _finding(
        self, path: Path, query: Query, loop: Loop, label: str, function: Function, project: Project
    ) -> Finding:
        model = project.models.get(query.model or "")
        what = f"`{model.name}`" if model is not None else "a query"
        item = next((f"`{each.id}`" for each in ir.walk_expression(loop.target) if type(each) is ir.Name), "item")
        through = f", through `{path.first.name}()`" if len(path.sites) > 1 else ""
        return self.finding(
            path.first.at,
            f"`{label}` reads {what} once for each {item} of the loop in line "
            f"{project.place(loop.node, function).line}{through}",
            help="Read them all before the loop with one `IN` (`in_bulk`, `where(….in_(ids))`), or join.",
            trace=[Step(each.at, f"`{each.name}`") for each in path.sites] if len(path.sites) > 1 else (),
            related=[Step(project.place(loop.source, function), "iterated over here")],
            discriminator=query.model or "",
        )


def _is_repeatable(query: Query) -> bool:
    """Whether one query could answer for all items: a read by a condition, of rows that are not locked or read again."""
    is_known = query.model is not None or bool(query.candidates) or query.text is not None
    return is_known and query.is_read and not (query.is_locked or query.is_opaque or query.site.method in _AGAIN)


_AGAIN = frozenset({"refresh", "refresh_from_db", "arefresh_from_db"})


def _is_of_batches(loop: Loop) -> bool:
    """Whether each turn has many items: `for ids in batch(keys, 100)`."""
    called = ir.dotted(loop.source.func) or "" if type(loop.source) is ir.Call else ""
    return not _BATCHES.isdisjoint(words(called.rpartition(".")[2]))


_BATCHES = frozenset({"batch", "batched", "batches", "chunk", "chunked", "chunks", "grouper", "slices"})


def _works_by_item(loop: Loop, function: Function, project: Project) -> bool:
    """Whether each turn does more than to read: it writes, calls, deals with errors, or may be the last."""
    if isinstance(project.constant(loop.source, function), list | tuple | set | frozenset | dict):
        return True  # as many turns as the code says
    if type(loop.node) is ir.For:
        if any(_is_kind(node, loop) for node in ir.walk(loop.node.body)):
            return True
        for stmt in ir.walk_statements(loop.node.body):
            if type(stmt) in (ir.Try, ir.Return) or (type(stmt) is ir.Jump and stmt.kind == "break"):
                return True
    for site in project.sites(function):
        if loop.contains(site.call) and any(project.effects.has(site, each) for each in _WORK):
            return True
    return False


def _is_kind(node: ir.Expr, loop: Loop) -> bool:
    """Whether an item is compared with a word: the turns are the kinds that the code knows by name, and so few."""
    targets = {each.id for each in ir.walk_expression(loop.target) if type(each) is ir.Name}
    match node:
        case ir.Compare(op="==" | "!=", left=ir.Name(id=name), right=ir.Const(value=str())) if name in targets:
            return True
        case _:
            return False


_WORK = (Effect.WRITE, Effect.COMMIT, Effect.OUTBOUND, Effect.ENQUEUE)


def _is_cached(function: Function) -> bool:
    """Whether a decorator may answer in place of the function."""
    names = (ir.dotted(ir.callee(each)) or "" for each in function.decorators)
    return any("cache" in name.lower() or "memoize" in name.lower() for name in names)


def _repeated(
    loop: Loop, function: Function, queries: dict[int, Query], project: Project
) -> Iterator[tuple[Path, Query]]:
    for site in project.sites(function):
        if not loop.contains(site.call):
            continue
        own = queries.get(id(site.call))
        if own is not None:
            if _depends(own, loop.names, site) and not _is_batch(own, loop.names):
                yield Path((site,)), own
        elif site.targets and site.is_certain:
            found = _below(site, loop.names, queries, project, _DEPTH)
            if found is not None and not any(_is_task(each.targets, project) for each in found[0].sites):
                yield found


def _is_task(targets: tuple[Function, ...], project: Project) -> bool:
    """Whether a call may put work on a queue: decorators of a project's own do that for tasks that are called."""
    names = {target.qualified for target in targets}
    return any(task.function.qualified in names for task in project.tasks)


def _below(
    site: CallSite, names: set[str], queries: dict[int, Query], project: Project, depth: int
) -> tuple[Path, Query] | None:
    """The way from a call to a query whose predicate is made of what the call is handed from the loop."""
    target = site.targets[0]
    varying = set() if _is_cached(target) or target is site.scope else _received(site, target, names)
    if not varying or depth == 0:
        return None
    for inner in project.sites(target):
        query = queries.get(id(inner.call))
        if query is not None and not query.is_lazy:
            if _depends(query, varying, inner) and not _is_batch(query, varying):
                return Path((site, inner)), query
        elif inner.targets and inner.is_certain:
            found = _below(inner, varying, queries, project, depth - 1)
            if found is not None:
                return Path((site, *found[0].sites)), found[1]
    return None


def _received(site: CallSite, target: Function, names: set[str]) -> set[str]:
    """The names in a callee whose values differ from turn to turn: parameters, and what is assigned from them."""
    parameters = [each.name for each in target.parameters if each.kind in ("positional", "plain")]
    if target.cls is not None and site.receiver is not None:
        parameters = parameters[1:]
    varying = {name for name, value in zip(parameters, site.call.positional, strict=False) if uses(value, names)}
    varying |= {name for name, value in site.call.keywords.items() if uses(value, names)}
    for stmt in target.statements if varying else ():
        if type(stmt) is ir.Assign and stmt.value is not None and uses(stmt.value, varying):
            varying |= {each.id for each in stmt.targets if type(each) is ir.Name}
    return varying


def _depends(query: Query, names: set[str], site: CallSite) -> bool:
    """Whether the rows that are read differ from turn to turn."""
    values = [use.value for use in query.filters if use.value is not None]
    if any(uses(value, names) for value in values):
        return True
    return not values and any(uses(arg.value, names) for arg in site.call.args)


def _is_batch(query: Query, names: set[str]) -> bool:
    """Whether each turn reads the rows of a whole batch of keys."""
    return any(use.operator == "in" and use.value is not None and uses(use.value, names) for use in query.filters)
