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

from backend_lint.rules.data._shared import Loop, loops, served, uses

from backend_lint.api import CallSite, Finding, Function, Path, Project, ProjectRule, Query, Severity, Step, Unit

_DEPTH = 3


class QueryInLoop(ProjectRule):
    code = "DAT303"
    severity = Severity.MEDIUM
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
        item = ", ".join(f"`{name}`" for name in sorted(set(loop.names))[:1])
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
            if _depends(own, loop, site) and not _is_batch(own, loop):
                yield Path((site,)), own
        elif any(uses(arg.value, loop.names) for arg in site.call.args) and site.targets and site.is_certain:
            for path in project.paths([site], lambda each: id(each.call) in queries, depth=_DEPTH):
                query = queries[id(path.last.call)]
                if query.is_single or query.operation in ("count", "exists"):
                    yield path, query


def _depends(query: Query, loop: Loop, site: CallSite) -> bool:
    values = [use.value for use in query.filters if use.value is not None]
    if any(uses(value, loop.names) for value in values):
        return True
    return not query.filters and any(uses(arg.value, loop.names) for arg in site.call.args)


def _is_batch(query: Query, loop: Loop) -> bool:
    """Whether each turn reads the rows of a whole batch of keys."""
    return any(use.operator == "in" and use.value is not None and uses(use.value, loop.names) for use in query.filters)
