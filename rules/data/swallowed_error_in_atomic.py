"""A database error is caught inside the transaction that it has broken.

## What it does
Reports errors of the database that are caught inside `atomic`, with no `atomic` of its own around the statement that
may raise them, while the transaction goes on; also in functions that are called there.

## Why it matters
After the error the transaction is broken: every further query raises `TransactionManagementError`, and what was done
before is rolled back although the code believes that it dealt with the error.

## Example
```python
from django.db import IntegrityError, models, transaction


class Tag(models.Model):
    name = models.CharField(max_length=20, unique=True)

    class Meta:
        app_label = "shop"


@transaction.atomic
def tag(name: str) -> Tag:
    try:
        return Tag.objects.create(name=name)
    except IntegrityError:
        return Tag.objects.get(name=name)
```

## Use instead
```python
from django.db import IntegrityError, models, transaction


class Tag(models.Model):
    name = models.CharField(max_length=20, unique=True)

    class Meta:
        app_label = "shop"


@transaction.atomic
def tag(name: str) -> Tag:
    try:
        with transaction.atomic():
            return Tag.objects.create(name=name)
    except IntegrityError:
        return Tag.objects.get(name=name)
```

## References
- https://docs.djangoproject.com/en/stable/topics/db/transactions/#controlling-transactions-explicitly
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import (
    CallSite,
    Effect,
    Finding,
    Function,
    Project,
    ProjectRule,
    Severity,
    Step,
    Transaction,
    Unit,
    ir,
)
from backend_lint.rules.data._transactions import descend

_DEPTH = 3
_ERRORS = frozenset({"IntegrityError", "DatabaseError", "DataError", "OperationalError", "InternalError"})


class SwallowedErrorInAtomic(ProjectRule):
    code = "DAT407"
    severity = Severity.HIGH
    cwe = (755,)
    unit = Unit.TRANSACTION

    def check(self, project: Project) -> Iterable[Finding]:
        broken = [
            each
            for each in project.transactions
            if each.library == "django" or (each.library == "sqlalchemy" and each.kind == "block")
        ]
        inner = _blocks(broken)
        swallowing = {
            function.qualified: found
            for function in (project.functions() if broken else ())
            if (found := list(_swallowed(function, inner.get(function.qualified, []), project)))
        }
        done: set[int] = set()
        for transaction in broken if swallowing else ():
            function = transaction.scope
            for handler in swallowing.get(getattr(function, "qualified", ""), ()):
                if _holds(transaction, handler) and id(handler) not in done:
                    done.add(id(handler))
                    yield self._finding(transaction, handler, function, (), project)  # type: ignore[arg-type]
            yield from self._below(transaction, swallowing, done, project)

    def _below(
        self, transaction: Transaction, swallowing: dict[str, list[ir.Handler]], done: set[int], project: Project
    ) -> Iterator[Finding]:
        def is_one(site: CallSite) -> bool:
            return len(site.targets) == 1 and site.is_certain and site.targets[0].qualified in swallowing

        def leads(site: CallSite) -> bool:
            return project.effects.has(site, Effect.WRITE)

        for path in descend(transaction.calls, leads, is_one, project, _DEPTH):
            target = path.last.targets[0]
            for handler in swallowing[target.qualified]:
                if id(handler) not in done:
                    done.add(id(handler))
                    yield self._finding(transaction, handler, target, path.sites, project)

    def _finding(
        self,
        transaction: Transaction,
        handler: ir.Handler,
        function: Function,
        sites: tuple[CallSite, ...],
        project: Project,
    ) -> Finding:
        name = next(iter(_named(handler, project, function)), "the error")
        return self.finding(
            project.place(handler, function),
            f"`{name}` is caught inside the transaction of {transaction.at.path}:{transaction.at.line}, which it has broken",
            help=f"Put `{_SAVEPOINTS[transaction.library]}` around the statement inside the `try`, so that only it is undone.",
            trace=[Step(each.at, f"`{each.name}`") for each in sites],
            related=[Step(transaction.at, "the transaction begins")],
        )


_SAVEPOINTS = {"django": "transaction.atomic()", "sqlalchemy": "session.begin_nested()"}


def _blocks(transactions: list[Transaction]) -> dict[str, list[ir.Stmt]]:
    """The first statements of the blocks of each function."""
    found: dict[str, list[ir.Stmt]] = {}
    for each in transactions:
        if each.kind == "block" and each.statements:
            found.setdefault(getattr(each.scope, "qualified", ""), []).append(each.statements[0])
    return found


def _swallowed(function: Function, blocks: list[ir.Stmt], project: Project) -> Iterator[ir.Handler]:
    """Handlers of database errors after which work goes on, of statements that write and are in no block of their own."""
    for stmt in function.statements:
        if type(stmt) is not ir.Try or any(stmt.at <= each.at < _end(stmt.body) for each in blocks):
            continue
        for handler in stmt.handlers:
            if _named(handler, project, function) and not _raises(handler.body) and _writes(stmt, function, project):
                yield handler


def _end(body: list[ir.Stmt]) -> int:
    return body[-1].end if body else 0


def _named(handler: ir.Handler, project: Project, function: Function) -> list[str]:
    kinds = handler.type.items if type(handler.type) is ir.Sequence else [handler.type]
    names = [project.qualified(kind, function) or "" for kind in kinds if kind is not None]
    return [
        name.rpartition(".")[2]
        for name in names
        if name.startswith(("django.db", "sqlalchemy.exc")) and name.rpartition(".")[2] in _ERRORS
    ]


def _raises(body: list[ir.Stmt]) -> bool:
    return any(type(stmt) is ir.Raise for stmt in ir.walk_statements(body)) or any(
        (ir.dotted(call.func) or "").endswith("rollback") for call in ir.calls(body)
    )


def _writes(stmt: ir.Try, function: Function, project: Project) -> bool:
    end = _end(stmt.body)
    sites = [site for site in project.sites(function) if stmt.at <= site.call.at < end]
    flushes = {id(each.site.call) for each in project.commits if each.kind == "flush" and each.scope is function}
    return any(project.effects.has(site, Effect.WRITE) or id(site.call) in flushes for site in sites)


def _holds(transaction: Transaction, handler: ir.Handler) -> bool:
    body = transaction.statements
    return bool(body) and body[0].at <= handler.at < body[-1].end
