"""Look-up whose miss is not answered with 404.

## What it does
Reports handlers, and the services and repositories behind them, that look up a row by something the client chose and
then use the result as if it was always there: an optional result that is read, deleted or returned as the declared
response without a test, or a look-up that raises and that nobody catches.

## Why it matters
An id that does not exist is the commonest mistake of a client. It should read 404; it reads 500, and an alarm goes off.

## Example
```python
from fastapi import FastAPI
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase): ...


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(20))


@app.get("/orders/{order_id}/state")
def read_state(order_id: int, session: Session):
    order = session.query(Order).filter(Order.id == order_id).first()
    return {"state": order.state}
```

## Use instead
```python
from fastapi import FastAPI, HTTPException
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase): ...


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(20))


@app.get("/orders/{order_id}/state")
def read_state(order_id: int, session: Session):
    order = session.query(Order).filter(Order.id == order_id).first()
    if order is None:
        raise HTTPException(404, "no such order")
    return {"state": order.state}
```

## When not to
Look-ups by the current user, or by a key that was just read from another row, are not reported; nor are those whose
miss an exception handler of the application answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backend_lint.api import (
    CallSite,
    Finding,
    Function,
    Place,
    Project,
    ProjectRule,
    Query,
    Route,
    Severity,
    Step,
    Unit,
    ir,
)
from backend_lint.rules.api._declared import declared_answer
from backend_lint.rules.api._errors import caught
from backend_lint.rules.api._shared import client_names, from_client, widened
from backend_lint.rules.api._untested import Untested, never_returns

_MISSES = frozenset(
    {"sqlalchemy.exc.NoResultFound", "django.core.exceptions.ObjectDoesNotExist", "builtins.Exception"}
    | {
        "sqlalchemy.exc.SQLAlchemyError",
        "builtins.BaseException",
        "peewee.DoesNotExist",
        "tortoise.exceptions.DoesNotExist",
    }
)
_CATCHING = frozenset({"builtins.Exception", "builtins.BaseException", "builtins.AttributeError", "builtins.TypeError"})

_RAISING = frozenset({"get", "one", "get_one", "aget", "latest", "earliest", "execute", "exec", "scalars"})
_READING = frozenset(
    {"first", "one_or_none", "scalar", "scalar_one_or_none", "scalars", "unique", "mappings", "fetchone"}
)

_SENDING = frozenset({"execute", "exec", "scalars", "unique", "mappings"})


_DEPTH = 2


@dataclass(frozen=True)
class _Asked:
    """A function that gets what the client of a route chose, under these names. `way` are the calls from its handler."""

    function: Function
    names: frozenset[str]
    route: Route
    way: tuple[CallSite, ...] = ()

    @property
    def trace(self) -> list[Step]:
        return [Step(site.at, f"`{site.name}` is called with what the client sent") for site in self.way]


class MissingNotFound(ProjectRule):
    code = "API203"
    severity = Severity.MEDIUM
    cwe = (476, 754)
    owasp = ("A10:2025",)
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterator[Finding]:
        self.project = project
        self.answered = {name for app in project.apps for handler in app.handlers for name in handler.exceptions}
        self.queries: dict[Function, list[Query]] = {}
        for query in project.queries:
            if isinstance(query.scope, Function) and query.operation == "select" and query.is_single:
                self.queries.setdefault(query.scope, []).append(query)
        self.optional = {scope.qualified for scope, found in self.queries.items() if _gives_optional(scope, found)}
        self.needing = {
            id(query.site.call)
            for query in project.queries
            if query.operation == "delete" and query.library == "sqlalchemy" and query.site.method == "delete"
        }
        self.seen: set[Place] = set()
        for name in sorted(project.handlers):
            handler = project.function(name)
            if handler is not None:
                names = client_names(self.project, handler)
                if names:
                    yield from self._asked(_Asked(handler, names, project.handlers[name][0]))

    def _asked(self, asked: _Asked) -> Iterator[Finding]:
        """What a function does with the client's choice, and then what those do to which it hands that on."""
        yield from self._function(asked)
        for inner in self._handed_on(asked) if len(asked.way) < _DEPTH else ():
            yield from self._asked(inner)

    def _handed_on(self, asked: _Asked) -> Iterator[_Asked]:
        """The functions of the project that are certainly called with what the client chose, before any look-up."""
        function = asked.function
        if any(query.is_single for query in self.queries.get(function, ())):
            return
        for site in sorted(self.project.sites(function), key=lambda site: site.call.at):
            target = site.targets[0] if site.is_certain and len(site.targets) == 1 else None
            if target is None or target.qualified in self.project.handlers or not _is_plain(target):
                continue
            taking = frozenset(
                each.name
                for each in target.parameters
                if (given := site.passed(target, each.name)) is not None and from_client(given, asked.names)
            )
            if not taking:
                continue
            if not (_is_guarded(self.project, function, site.call) or self._is_caught(function, site.call)):
                yield _Asked(target, widened(target, taking), asked.route, (*asked.way, site))
            if target in self.queries or any(each in self.queries for each in _callees(self.project, target)):
                return  # what comes after may rely on what this has found

    def _function(self, asked: _Asked) -> Iterator[Finding]:
        function, names = asked.function, asked.names
        queries = self.queries.get(function, [])
        lookups = {id(each.site.call): each for each in queries if not each.is_aggregate and _asks(each, names)}
        for query in lookups.values():
            if (
                query.raises
                and query.site.method in _RAISING
                and not self._is_caught(function, query.site.call)
                and not _is_made_before(function, query)
            ):
                yield from self._once(self._raises(asked, query))
        for stmt in function.statements:
            if isinstance(stmt, ir.Assign) and len(stmt.targets) == 1 and isinstance(stmt.targets[0], ir.Name):
                what = self._optional(stmt.value, function, lookups, names)
                if what:
                    yield from self._used(asked, stmt, stmt.targets[0].id, what)
        for node in ir.walk(function.body):
            if isinstance(node, ir.Attribute) and id(_bare(node.value)) in lookups and not _reads_the_result(node):
                query = lookups[id(_bare(node.value))]
                if not query.raises and not _is_guarded(self.project, function, node):
                    start = function.place(query.site.call)
                    yield from self._once(self._unguarded(asked, node, start, _model(query)))
        if self._must_answer(asked):
            for stmt in function.statements:
                value = stmt.value if isinstance(stmt, ir.Return) else None
                query = lookups.get(id(_bare(value)))
                if value is not None and query is not None and not query.raises and not _is_sent_alone(value, query):
                    yield from self._once(self._unguarded(asked, value, function.place(value), _model(query)))

    def _must_answer(self, asked: _Asked) -> bool:
        """Whether what a handler returns is checked against a schema, which nothing does not satisfy."""
        declared = declared_answer(self.project, asked.route)
        return not asked.way and declared is not None and not declared.nullable

    def _optional(
        self, value: ir.Expr | None, handler: Function, lookups: dict[int, Query], names: frozenset[str]
    ) -> str:
        """What an assigned value looks up, if it may be None; empty if it is no such look-up."""
        call = _bare(value)
        if not isinstance(call, ir.Call):
            return ""
        query = lookups.get(id(call))
        if query is not None:
            return "" if query.raises or _is_sent_alone(value, query) else _model(query)
        site = self.project.site(call, handler)
        target = next(iter(site.targets), None)
        if target is None or not site.is_certain or not any(from_client(arg.value, names) for arg in call.args):
            return ""
        return f"result of `{target.name}`" if target.qualified in self.optional else ""

    def _used(self, asked: _Asked, start: ir.Assign, name: str, what: str) -> Iterator[Finding]:
        function = asked.function
        returned = set()
        if self._must_answer(asked):
            returned = {id(stmt.value) for stmt in function.statements if isinstance(stmt, ir.Return)}

        def test(expr: ir.Expr) -> tuple[bool, bool]:
            match expr:
                case ir.Name(id=id) if id == name:
                    return True, False
                case ir.Compare(op="is" | "==", left=ir.Name(id=id), right=ir.Const(value=None)) if id == name:
                    return False, True
                case ir.Compare(op="is not" | "!=", left=ir.Name(id=id), right=ir.Const(value=None)) if id == name:
                    return True, False
                case ir.Compare(op="==", left=left, right=right) if _is(left, name) or _is(right, name):
                    return True, False  # it is the same as something that is there
                case ir.Call() if any(isinstance(arg.value, ir.Name) and arg.value.id == name for arg in expr.args):
                    return True, True
            return False, False

        def is_use(expr: ir.Expr) -> bool:
            match expr:
                case ir.Attribute(value=ir.Name(id=held)) | ir.Subscript(value=ir.Name(id=held)):
                    return held == name
                case ir.Name(id=held):
                    return held == name and id(expr) in returned
                case ir.Call(args=[argument, *_]) if id(expr) in self.needing:
                    return _is(argument.value, name)
            return False

        def starts(stmt: ir.Stmt) -> bool | None:
            if stmt is start:
                return True
            if isinstance(stmt, ir.Assign) and any(
                isinstance(each, ir.Name) and each.id == name for each in stmt.targets
            ):
                return False
            handed = (
                call for expr in ir.children(stmt) for call in ir.walk_expression(expr) if isinstance(call, ir.Call)
            )
            if any(isinstance(arg.value, ir.Name) and arg.value.id == name for call in handed for arg in call.args):
                return False  # another function may have tested it
            return None

        walk = Untested(test, is_use, starts, never_returns(self.project, function))
        walk.block(function.body, False)
        for use in walk.found[:1]:
            if not _is_guarded(self.project, function, use):
                yield from self._once(self._unguarded(asked, use, function.place(start), what))

    def _once(self, finding: Finding) -> Iterator[Finding]:
        if finding.at not in self.seen:
            self.seen.add(finding.at)
            yield finding

    def _unguarded(self, asked: _Asked, use: ir.Expr, start: Place, what: str) -> Finding:
        done = "deletes" if id(use) in self.needing else _read(use) if _is_read(use) else "returns"
        return self.finding(
            asked.function.place(use),
            f"`{asked.function.name}` {done} the {what} without asking whether it was found: "
            f"`{asked.route.label}` answers a wrong id with 500",
            help="Answer 404 where the look-up finds nothing.",
            related=[Step(start, "None where there is no such row")],
            trace=asked.trace,
        )

    def _raises(self, asked: _Asked, query: Query) -> Finding:
        return self.finding(
            asked.function.place(query.site.call),
            f"`{asked.route.label}` answers 500 where there is no such {_model(query)}: "
            f"`{query.site.method}` raises and nothing catches it",
            help="Use a look-up that answers 404, like `get_object_or_404`, or catch the error and answer it.",
            trace=asked.trace,
        )

    def _is_caught(self, handler: Function, call: ir.Call) -> bool:
        if self.answered & _MISSES or any(name.endswith("DoesNotExist") for name in self.answered):
            return True
        for stmt in handler.statements:
            if isinstance(stmt, ir.Try) and any(each is call for each in ir.calls(stmt.body)):
                for each in stmt.handlers:
                    for name in caught(self.project, each, handler):
                        if name in _MISSES or name.endswith(("DoesNotExist", "NoResultFound")) or not name:
                            return True
        return bool(handler.decorators) and _is_wrapped(self.project, handler)


def _is_read(use: ir.Expr) -> bool:
    return isinstance(use, ir.Attribute | ir.Subscript)


def _read(use: ir.Expr) -> str:
    return f"reads `{use.name}` of" if isinstance(use, ir.Attribute) else "reads from"


def _is_plain(function: Function) -> bool:
    """Whether a function does what its body says: nothing wraps it, and it is no generator."""
    return not function.facts.is_generator and (not function.decorators or function.is_static)


def _callees(project: Project, function: Function) -> Iterator[Function]:
    return (target for site in project.sites(function) for target in site.targets)


def _is_guarded(project: Project, handler: Function, node: ir.Expr) -> bool:
    """Whether an error at a place is caught."""
    for stmt in handler.statements:
        if isinstance(stmt, ir.Try) and stmt.body[0].at <= node.at < stmt.body[-1].end:
            if any(set(caught(project, each, handler)) & _CATCHING for each in stmt.handlers):
                return True
    return False


def _is_wrapped(project: Project, handler: Function) -> bool:
    """Whether a decorator of the project runs the handler in a `try`."""
    for expr in handler.decorators:
        target = ir.callee(expr)
        decorator = project.function(project.qualified(target, handler.around) or "")
        stack = list(decorator.nested.values()) if decorator is not None else []
        while stack:
            each = stack.pop()
            stack.extend(each.nested.values())
            if any(isinstance(stmt, ir.Try) for stmt in each.statements):
                return True
    return False


def _gives_optional(function: Function, queries: list[Query]) -> bool:
    """Whether a function returns what a look-up gave as it is, None included."""
    sent = {id(query.site.call) for query in queries if not query.raises and not query.is_aggregate}
    returned = [stmt.value for stmt in function.statements if isinstance(stmt, ir.Return) and stmt.value is not None]
    if len(returned) == 1 and isinstance(returned[0], ir.Name) and not any(map(_decides, function.statements)):
        name = returned[0].id
        returned = [
            stmt.value
            for stmt in function.statements
            if isinstance(stmt, ir.Assign) and stmt.value is not None and any(_is(each, name) for each in stmt.targets)
        ]
    return bool(returned) and all(id(_bare(value)) in sent for value in returned)


def _is(expr: ir.Expr, name: str) -> bool:
    return isinstance(expr, ir.Name) and expr.id == name


def _decides(stmt: ir.Stmt) -> bool:
    return isinstance(stmt, ir.If | ir.Raise | ir.Try | ir.Match)


def _asks(query: Query, names: frozenset[str]) -> bool:
    """Whether the row is asked for by a key that the client chose, and by nothing else that is not known.

    What is selected is an entity, or written in SQL: figures over rows come back in any case.
    """
    return (query.model is not None or query.text is not None) and any(
        use.operator in ("==", "iexact") and use.value is not None and from_client(use.value, names)
        for use in query.filters
    )


def _bare(expr: ir.Expr | None) -> ir.Expr | None:
    """The call that sends a statement, without what reads its result: `execute(…)` of `execute(…).scalar()`."""
    while True:
        match expr:
            case ir.Await(value=value):
                expr = value
            case ir.Call(func=ir.Attribute(value=ir.Call() | ir.Await() as owner, name=name)) if name in _READING:
                inner = owner.value if isinstance(owner, ir.Await) else owner
                if (
                    not (isinstance(inner, ir.Call) and isinstance(inner.func, ir.Attribute))
                    or inner.func.name not in _SENDING
                ):
                    return expr
                expr = inner
            case _:
                return expr


def _is_sent_alone(value: ir.Expr | None, query: Query) -> bool:
    """Whether a value is what a statement answers, of which the row is still to be taken: `await session.execute(…)`."""
    sent = value.value if isinstance(value, ir.Await) else value
    return sent is query.site.call and query.site.method in _SENDING


def _reads_the_result(node: ir.Attribute) -> bool:
    """Whether an attribute takes the row out of what was sent: `execute(…).one_or_none`."""
    sent = node.value.value if isinstance(node.value, ir.Await) else node.value
    return (
        node.name in _READING
        and isinstance(sent, ir.Call)
        and isinstance(sent.func, ir.Attribute)
        and sent.func.name in _SENDING
    )


def _is_made_before(handler: Function, query: Query) -> bool:
    """Whether the handler has just made or changed the row through its class: `Variable.set(…)`."""
    name = (query.model or "").rpartition(".")[2]
    return any(
        isinstance(call.func, ir.Attribute)
        and isinstance(call.func.value, ir.Name)
        and call.func.value.id == name
        and call.end <= query.site.call.at
        for call in ir.calls(handler.body)
    )


def _model(query: Query) -> str:
    return f"`{query.model.rpartition('.')[2]}`" if query.model else "row"
