"""Look-up whose miss is not answered with 404.

## What it does
Reports handlers that look up a row by something the client chose and then use the result as if it was always there:
an optional result that is read without a test, or a look-up that raises and that nobody catches.

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

from backend_lint.api import Finding, Function, Place, Project, ProjectRule, Query, Severity, Step, Unit, ir
from backend_lint.rules.api._errors import caught
from backend_lint.rules.api._shared import client_names, from_client
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


class MissingNotFound(ProjectRule):
    code = "API203"
    severity = Severity.MEDIUM
    cwe = (476, 754)
    owasp = ("A10:2025",)
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterator[Finding]:
        self.project = project
        self.answered = {name for app in project.apps for handler in app.handlers for name in handler.exceptions}
        queries: dict[Function, list[Query]] = {}
        for query in project.queries:
            if isinstance(query.scope, Function) and query.operation == "select" and query.is_single:
                queries.setdefault(query.scope, []).append(query)
        self.optional = {scope.qualified for scope, found in queries.items() if _gives_optional(scope, found)}
        for name in sorted(project.handlers):
            handler = project.function(name)
            if handler is not None:
                yield from self._handler(handler, queries.get(handler, []))

    def _handler(self, handler: Function, queries: list[Query]) -> Iterator[Finding]:
        names = client_names(self.project, handler)
        if not names:
            return
        lookups = {id(each.site.call): each for each in queries if not each.is_aggregate and _asks(each, names)}
        for query in lookups.values():
            if (
                query.raises
                and query.site.method in _RAISING
                and not self._is_caught(handler, query.site.call)
                and not _is_made_before(handler, query)
            ):
                yield self._raises(handler, query)
        for stmt in handler.statements:
            if isinstance(stmt, ir.Assign) and len(stmt.targets) == 1 and isinstance(stmt.targets[0], ir.Name):
                what = self._optional(stmt.value, handler, lookups, names)
                if what:
                    yield from self._used(handler, stmt, stmt.targets[0].id, what)
        for node in ir.walk(handler.body):
            if isinstance(node, ir.Attribute) and id(_bare(node.value)) in lookups and not _reads_the_result(node):
                query = lookups[id(_bare(node.value))]
                if not query.raises and not _is_guarded(self.project, handler, node):
                    yield self._unguarded(handler, handler.place(node), handler.place(query.site.call), _model(query))

    def _optional(
        self, value: ir.Expr | None, handler: Function, lookups: dict[int, Query], names: frozenset[str]
    ) -> str:
        """What an assigned value looks up, if it may be None; empty if it is no such look-up."""
        call = _bare(value)
        if not isinstance(call, ir.Call):
            return ""
        query = lookups.get(id(call))
        if query is not None:
            return "" if query.raises else _model(query)
        site = self.project.site(call, handler)
        target = next(iter(site.targets), None)
        if target is None or not site.is_certain or not any(from_client(arg.value, names) for arg in call.args):
            return ""
        return f"result of `{target.name}`" if target.qualified in self.optional else ""

    def _used(self, handler: Function, start: ir.Assign, name: str, what: str) -> Iterator[Finding]:
        def test(expr: ir.Expr) -> tuple[bool, bool]:
            match expr:
                case ir.Name(id=id) if id == name:
                    return True, False
                case ir.Compare(op="is" | "==", left=ir.Name(id=id), right=ir.Const(value=None)) if id == name:
                    return False, True
                case ir.Compare(op="is not" | "!=", left=ir.Name(id=id), right=ir.Const(value=None)) if id == name:
                    return True, False
                case ir.Call() if any(isinstance(arg.value, ir.Name) and arg.value.id == name for arg in expr.args):
                    return True, True
            return False, False

        def is_use(expr: ir.Expr) -> bool:
            match expr:
                case ir.Attribute(value=ir.Name(id=id)) | ir.Subscript(value=ir.Name(id=id)):
                    return id == name
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

        walk = Untested(test, is_use, starts, never_returns(self.project, handler))
        walk.block(handler.body, False)
        for use in walk.found[:1]:
            if not _is_guarded(self.project, handler, use):
                yield self._unguarded(handler, handler.place(use), handler.place(start), what)

    def _unguarded(self, handler: Function, at: Place, start: Place, what: str) -> Finding:
        return self.finding(
            at,
            f"`{handler.name}` reads this without asking whether the {what} was found: a wrong id is answered with 500",
            help="Answer 404 where the look-up finds nothing.",
            related=[Step(start, "None where there is no such row")],
        )

    def _raises(self, handler: Function, query: Query) -> Finding:
        return self.finding(
            handler.place(query.site.call),
            f"`{handler.name}` is answered with 500 where there is no such {_model(query)}: "
            f"`{query.site.method}` raises and nothing catches it",
            help="Use a look-up that answers 404, like `get_object_or_404`, or catch the error and answer it.",
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
        target = expr.func if isinstance(expr, ir.Call) else expr
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
    """Whether the row is asked for by a key that the client chose, and by nothing else that is not known."""
    return any(
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
