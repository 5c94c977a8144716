"""A query runs once for each item of a loop.

## What it does
Reports reads inside a loop or comprehension whose predicate comes from the loop's variable, also where the read stands
in a helper that the loop calls. Loops over a fixed number of items and over batches do not count.

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

## References
- https://cwe.mitre.org/data/definitions/1073.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import CallSite, Finding, Function, Path, Project, ProjectRule, Query, Severity, Step, Unit, ir
from backend_lint.rules.data._shared import Loop, loops, served, uses

_DEPTH = 3


class QueryInLoop(ProjectRule):
    code = "DAT303"
    severity = Severity.MEDIUM
    preview = True
    cwe = (1073,)
    unit = Unit.QUERY

    def check(self, project: Project) -> Iterable[Finding]:
        queries = {id(query.site.call): query for query in project.queries if query.is_read}
        running = served(project)
        for name, label in running.items():
            function = project.function(name)
            for loop in loops(function) if function is not None else ():
                if not loop.is_bounded:
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
            if found is not None:
                yield found


def _below(
    site: CallSite, names: set[str], queries: dict[int, Query], project: Project, depth: int
) -> tuple[Path, Query] | None:
    """The way from a call to a query whose predicate is made of what the call is handed from the loop."""
    target = site.targets[0]
    varying = _received(site, target, names)
    if not varying or depth == 0:
        return None
    for inner in project.sites(target):
        query = queries.get(id(inner.call))
        if query is not None:
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
    return not query.filters and any(uses(arg.value, names) for arg in site.call.args)


def _is_batch(query: Query, names: set[str]) -> bool:
    """Whether each turn reads the rows of a whole batch of keys."""
    return any(use.operator == "in" and use.value is not None and uses(use.value, names) for use in query.filters)
