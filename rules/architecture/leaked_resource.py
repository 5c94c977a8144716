"""A file, connection or session may be left open.

## What it does
Follows files, sockets, database connections, sessions, archives and HTTP clients from where a function opens them along
every way out of it: the end, an early `return`, and the error of any call in between. Reports those that some way leaves
open. What is returned, yielded, stored or handed to whoever keeps it is theirs to close.

## Why it matters
An open connection is missing in the pool until the garbage collector comes by, and where an exception holds the frame it
does not. Under load, or in the hour when everything fails, exactly then, the pool or the file descriptors run out.

## Example
```python
from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker

Session = sessionmaker(create_engine("sqlite://"))


def orders() -> list:
    session = Session()
    rows = session.execute(text("SELECT id FROM orders")).all()
    session.close()
    return rows
```

## Use instead
```python
from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker

Session = sessionmaker(create_engine("sqlite://"))


def orders() -> list:
    with Session() as session:
        return session.execute(text("SELECT id FROM orders")).all()
```

## When not to
What lives as long as the process does may be left to its end: it belongs in the lifespan.

## References
- https://docs.python.org/3/reference/datamodel.html#object.__del__
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from backend_lint.api import CallSite, Finding, Function, Project, ProjectRule, Severity, Step, Unit, ir

_FILES = {
    **dict.fromkeys(
        ("builtins.open", "io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open", "os.fdopen"), "file"
    ),
    **dict.fromkeys(("zipfile.ZipFile", "tarfile.open"), "archive"),
}
_CONNECTIONS = {
    **dict.fromkeys(("socket.socket", "socket.create_connection"), "socket"),
    **dict.fromkeys(("sqlite3.connect", "psycopg2.connect", "psycopg.connect", "pymysql.connect"), "connection"),
    **dict.fromkeys(("MySQLdb.connect", "asyncpg.connect", "aiosqlite.connect", "pyodbc.connect"), "connection"),
    **dict.fromkeys(("smtplib.SMTP", "smtplib.SMTP_SSL", "ftplib.FTP", "ftplib.FTP_TLS"), "connection"),
    **dict.fromkeys(("imaplib.IMAP4", "imaplib.IMAP4_SSL", "poplib.POP3", "poplib.POP3_SSL"), "connection"),
    **dict.fromkeys(("sqlalchemy.engine.Engine.connect", "sqlalchemy.Engine.connect"), "connection"),
    "sqlalchemy.Engine.raw_connection": "connection",
    "urllib.request.urlopen": "response",
    "aiohttp.ClientSession": "client",
    "httpx.AsyncClient": "client",
}
_COMMIT_ONLY = ("sqlite3.", "psycopg2.", "pyodbc.", "MySQLdb.")
_LENT = frozenset({"cursor", "makefile", "begin"})
_SESSIONS = frozenset({"sqlalchemy.orm.Session", "sqlalchemy.ext.asyncio.AsyncSession"})
_RELEASES = frozenset({"close", "aclose", "quit", "logout", "shutdown", "release", "detach", "terminate", "abort"})
_READERS = frozenset(
    {
        "load",
        "safe_load",
        "full_load",
        "load_all",
        "read",
        "reader",
        "DictReader",
        "dump",
        "writer",
        "DictWriter",
        "copyfileobj",
    }
    | {"print", "len", "list", "sorted", "enumerate", "iter", "next", "isinstance", "parse", "read_csv", "str", "repr"}
    | {
        "fromfile",
        "loads",
        "hash_file",
        "dump_all",
        "safe_dump",
        "writelines",
        "fstat",
        "type",
        "bool",
        "getattr",
        "hasattr",
    }
)


class LeakedResource(ProjectRule):
    code = "ARC303"
    severity = Severity.MEDIUM
    cwe = (772,)
    waived_by = ("SIM115",)
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        for function in project.functions():
            if _ends_the_process(function):
                continue
            for held in _opened(function, project):
                leak = _leak(held, function, project)
                if leak is not None:
                    how, where = leak
                    yield self.finding(
                        held.site.at,
                        f"the {held.kind} `{held.name}` {how}",
                        help=_help(held),
                        related=[] if where is None else [Step(function.place(where), "it is left open here")],
                        severity=Severity.LOW if held.kind in ("file", "archive") else None,
                    )


def _help(held: _Held) -> str:
    opened = _written(held.site.call)
    if (held.site.symbol or "").startswith(_COMMIT_ONLY):  # leaving the block ends the transaction, not the connection
        opened = f"contextlib.closing({opened})"
    return f"Open it in a `with` block: `with {opened} as {held.name}:`."


def _written(call: ir.Call) -> str:
    """`sessionmaker(...)(...)`: a call without its arguments."""
    made = _written(call.func) if type(call.func) is ir.Call else ir.dotted(call.func) or "..."
    return f"{made}(...)"


def _ends_the_process(function: Function) -> bool:
    """Whether a function is a command, after which the process ends and everything is closed."""
    names = {ir.dotted(ir.callee(each)) or "" for each in function.decorators}
    parts = function.module.name.split(".")
    return "commands" in parts or "cli" in parts or any(name.endswith("command") for name in names)


@dataclass
class _Held:
    """A resource that a function opens: the variable, the call, and the statements that follow in its block."""

    name: str
    kind: str
    site: CallSite
    stmt: ir.Stmt
    rest: list[ir.Stmt] = field(default_factory=list)
    is_guarded: bool = False


def _opened(function: Function, project: Project) -> Iterator[_Held]:
    stack: list[tuple[list[ir.Stmt], bool]] = [(function.body, False)]
    while stack:
        block, guarded = stack.pop()
        for index, stmt in enumerate(block):
            if type(stmt) is ir.Assign and len(stmt.targets) == 1 and type(stmt.targets[0]) is ir.Name:
                value = stmt.value.value if type(stmt.value) is ir.Await else stmt.value
                if type(value) is ir.Call:
                    site = project.site(value, function)
                    kind = _kind(site, project)
                    if kind is not None:
                        yield _Held(stmt.targets[0].id, kind, site, stmt, block[index + 1 :], guarded)
            inside = guarded or (type(stmt) is ir.Try and bool(stmt.final))
            stack.extend((inner, inside) for inner in ir.blocks(stmt))


def _kind(site: CallSite, project: Project) -> str | None:
    symbol = site.symbol or ""
    found = _FILES.get(symbol) or _CONNECTIONS.get(symbol)
    if found is not None:
        return found
    if symbol.startswith("sqlalchemy.") and (symbol.endswith("maker.__call__") or symbol in _SESSIONS):
        return None if _is_on_connection(site.call) else "session"
    return None


def _is_on_connection(call: ir.Call) -> bool:
    """Whether a session is made on a connection that belongs to somebody else."""
    bind = call.argument(0, "bind")
    called = ir.callee(bind)
    return (ir.dotted(called) or "").rpartition(".")[2].lstrip("_") in ("connection", "conn")


def _leak(held: _Held, function: Function, project: Project) -> tuple[str, ir.Stmt | None] | None:
    """How a resource is left open, and where; None where it is not, or where it is somebody else's to close."""
    if _is_handed_on(held, function, project):
        return None
    if not any(_is_release(node, held.name) for node in ir.walk(function.body)):
        return "is never closed", None
    if held.is_guarded or not any(_releases(stmt, held.name) for stmt in held.rest):
        return None  # it is closed in a block that goes further than this one
    risky: ir.Stmt | None = None
    for stmt in held.rest:
        if _releases(stmt, held.name):
            if risky is None:
                return None
            return f"stays open when {_raising(risky)} raises: it is closed only after that", risky
        early = _leaves(stmt, held.name)
        if early is not None:
            return f"stays open where the function ends early, in line {function.place(early).line}", early
        if risky is None and _raising(stmt) is not None:
            risky = stmt
    return None


def _is_handed_on(held: _Held, function: Function, project: Project) -> bool:
    name = held.name
    if any(type(each) is ir.Declare and name in each.names for each in function.statements) or any(
        _mentions_name(nested.body, name) for nested in _inner(function)
    ):
        return True
    for stmt in function.statements:
        match stmt:
            case ir.With(items=items):
                if any(_carries(item.value, name) for item in items):
                    return True
                if any(
                    type(node) is ir.Name and node.id == name
                    for item in items
                    for node in ir.walk_expression(item.value)
                ):
                    return True
            case ir.Return(value=value) if value is not None and (_carries(value, name) or _lends(value, name)):
                return True
            case ir.Assign(targets=targets, value=value) if value is not None:
                if _carries(value, name) and stmt is not held.stmt:
                    return True
                if stmt is not held.stmt and any(type(each) is ir.Name and each.id == name for each in targets):
                    return True
            case ir.Delete() | ir.For() if any(_carries(child, name) for child in ir.children(stmt)):
                if type(stmt) is ir.Delete:
                    return True
    for node in ir.walk(function.body):
        if type(node) is ir.Yield and node.value is not None and _carries(node.value, name):
            return True
        if type(node) is ir.Call and any(_carries(arg.value, name) for arg in node.args):
            if _takes_over(node, held, function, project):
                return True
    return False


def _lends(expr: ir.Expr, name: str) -> bool:
    """`connection.cursor()`, which works only as long as the connection does."""
    return (
        type(expr) is ir.Call
        and type(expr.func) is ir.Attribute
        and expr.func.name in _LENT
        and ir.dotted(expr.func.value) == name
    )


def _inner(function: Function) -> Iterator[Function]:
    for each in function.module.functions:
        if each.facts.parent == function.index:
            yield each
            yield from _inner(each)


def _mentions_name(body: list[ir.Stmt], name: str) -> bool:
    return any(type(node) is ir.Name and node.id == name for node in ir.walk(body))


def _carries(expr: ir.Expr, name: str) -> bool:
    """Whether the value of an expression is, or holds, what a name stands for."""
    match expr:
        case ir.Name(id=found):
            return found == name
        case ir.Sequence(items=items):
            return any(_carries(item, name) for item in items)
        case ir.Dict(values=values):
            return any(_carries(value, name) for value in values)
        case ir.Conditional(body=body, orelse=orelse):
            return _carries(body, name) or _carries(orelse, name)
        case ir.Bool(values=values):
            return any(_carries(value, name) for value in values)
        case ir.Await(value=value) | ir.Star(value=value) | ir.Walrus(value=value):
            return _carries(value, name)
    return False


def _takes_over(call: ir.Call, held: _Held, function: Function, project: Project) -> bool:
    """Whether what is called keeps the resource, so that closing it is no longer the caller's part."""
    site = project.site(call, function)
    last = (site.method or "").rpartition(".")[2]
    if last in _READERS or (site.symbol or "").startswith(("builtins.", "json.", "pickle.", "yaml.", "csv.")):
        return False
    if held.kind in ("session", "connection") and site.targets and site.is_certain:
        return any(_keeps(target, call, held.name, project) for target in site.targets[:1])
    return True


def _keeps(target: Function, call: ir.Call, name: str, project: Project) -> bool:
    """Whether a function closes, returns, stores or hands on the parameter that it gets the resource by."""
    if target.name in ("__init__", "__new__", "__post_init__") or target.facts.is_generator:
        return True
    plain = [each.name for each in target.parameters if each.kind in ("positional", "plain")][target.cls is not None :]
    names = {
        plain[index] for index, value in enumerate(call.positional) if index < len(plain) and _carries(value, name)
    }
    names |= {keyword for keyword, value in call.keywords.items() if _carries(value, name)}
    for parameter in names:
        for node in ir.walk(target.body):
            if _is_release(node, parameter):
                return True
            if type(node) is ir.Call and any(_carries(arg.value, parameter) for arg in node.args):
                last = (ir.dotted(node.func) or "").rpartition(".")[2]
                if last[:1].isupper():
                    return True
        for stmt in target.statements:
            if type(stmt) is ir.Return and stmt.value is not None and _carries(stmt.value, parameter):
                return True
            if type(stmt) is ir.Assign and stmt.value is not None and _carries(stmt.value, parameter):
                return True
    return not names


def _is_release(node: ir.Expr, name: str) -> bool:
    return (
        type(node) is ir.Call
        and type(node.func) is ir.Attribute
        and node.func.name in _RELEASES
        and ir.dotted(node.func.value) == name
    )


def _releases(stmt: ir.Stmt, name: str) -> bool:
    """Whether a statement closes it: itself, in a `finally`, or in each of its own ways."""
    if type(stmt) in (ir.Evaluate, ir.Assign, ir.Return):
        return any(_is_release(node, name) for child in ir.children(stmt) for node in ir.walk_expression(child))
    return any(_releases(inner, name) for block in ir.blocks(stmt) for inner in block)


def _leaves(stmt: ir.Stmt, name: str) -> ir.Stmt | None:
    """A statement in which the function ends before the resource is closed."""
    if type(stmt) is ir.If and any(type(node) is ir.Name and node.id == name for node in ir.walk_expression(stmt.test)):
        return None  # there may be nothing to close
    for inner in ir.walk_statements([stmt]):
        if type(inner) is ir.Return:
            return inner
    return None


def _raising(stmt: ir.Stmt) -> str | None:
    """The call in a statement that may raise while the resource is open."""
    for inner in ir.walk_statements([stmt]):
        if type(inner) is ir.Raise:
            return "the code after it"
        for child in ir.children(inner):
            for node in ir.walk_expression(child):
                if type(node) is ir.Call and not _is_quiet(node):
                    name = ir.dotted(node.func)
                    return "a call" if name is None else f"`{name}()`"
    return None


def _is_quiet(call: ir.Call) -> bool:
    return (ir.dotted(call.func) or "").rpartition(".")[2] in (
        "len",
        "print",
        "isinstance",
        "str",
        "debug",
        "info",
        "append",
        "cursor",
    )
