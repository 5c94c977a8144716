"""Login that says whether the account exists.

## What it does
Reports functions of a login that answer in one way where there is no account of that name, and in another where the
password is wrong.

## Why it matters
Whoever tries addresses learns which of them have an account, and then needs to guess only passwords, or writes to those
people in the name of the shop.

## Example
```python
from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.post("/login")
def login(email: str, password: str):
    user = find_user(email)
    if user is None:
        raise HTTPException(404, "No such user")
    if not verify_password(password, user.password_hash):
        raise HTTPException(401, "Wrong password")
    return {"token": token(user)}
```

## Use instead
```python
from fastapi import FastAPI, HTTPException

app = FastAPI()
UNKNOWN = "$2b$12$3euPcmQFCiblsZeEu5s7p.9OVHgeHWFDk9nhMqZ0m/3pd/lhwZgES"


@app.post("/login")
def login(email: str, password: str):
    user = find_user(email)
    is_right = verify_password(password, user.password_hash if user else UNKNOWN)
    if user is None or not is_right:
        raise HTTPException(401, "Wrong address or password")
    return {"token": token(user)}
```

## When not to
Where the names of accounts are public anyway, as on a forum, the rule has less to say: ignore it.

## References
- https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html#authentication-and-error-messages
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backend_lint.api import Finding, Function, Project, ProjectRule, Route, Severity, Step, Unit, ir
from backend_lint.rules.security._shared import checks_password, is_application, is_login, place_of, run_for


@dataclass(frozen=True)
class _Refusal:
    """An `if` that ends in an answer: what the test says, and what the client is told."""

    stmt: ir.If
    told: tuple[object, ...]


class UserEnumeration(ProjectRule):
    code = "SEC118"
    preview = True
    severity = Severity.LOW
    cwe = (204,)
    owasp = ("A07:2021", "A07:2025", "API2:2023")
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        seen: set[str] = set()
        for route in _logins(project):
            for function in run_for(route, project):
                if function.qualified not in seen:
                    seen.add(function.qualified)
                    yield from self._compared(route, function)

    def examined(self, project: Project) -> list[str]:
        return [route.label for route in _logins(project)]

    def _compared(self, route: Route, function: Function) -> Iterator[Finding]:
        refusals = list(_refusals(function.body))
        wrong = [each for each in refusals if _checks_password(each.stmt.test)]
        for refusal in refusals:
            name = _missing(refusal.stmt.test)
            if name is None:
                continue
            other = next((each for each in wrong if _uses(each.stmt.test, name) and each.told != refusal.told), None)
            if other is not None:
                yield self.finding(
                    function.place(refusal.stmt),
                    f"`{route.label}` answers otherwise for an account that does not exist ({_shown(refusal, other)}) than for a "
                    f"wrong password ({_shown(other, refusal)}): it says who has an account",
                    help="Answer both with the same status and sentence, and check a password in both cases.",
                    related=[
                        Step(place_of(route), f"`{route.label}`"),
                        Step(function.place(other.stmt), "the answer for a wrong password"),
                    ],
                    unit=route.label,
                )
                return


def _logins(project: Project) -> list[Route]:
    return [
        route for route in project.routes if is_login(route) and not route.is_safe and is_application(route, project)
    ]


def _refusals(body: list[ir.Stmt]) -> Iterator[_Refusal]:
    for stmt in ir.walk_statements(body):
        if type(stmt) is ir.If and stmt.body and type(stmt.body[-1]) in (ir.Raise, ir.Return):
            told = tuple(
                node.value
                for each in stmt.body
                if not _is_log(each)
                for expr in ir.children(each)
                for node in ir.walk_expression(expr)
                if type(node) is ir.Const and node.value is not None
            )
            named = tuple(
                ir.dotted(node)
                for expr in ir.children(stmt.body[-1])
                for node in ir.walk_expression(expr)
                if type(node) in (ir.Name, ir.Attribute) and ir.dotted(node)
            )
            if told and any(isinstance(each, str) and len(each) > 3 for each in told):
                yield _Refusal(stmt, (*told, *named))


def _is_log(stmt: ir.Stmt) -> bool:
    """Whether a statement tells somebody else than the client."""
    call = stmt.value if type(stmt) is ir.Evaluate else None
    return type(call) is ir.Call and "flash" not in (ir.dotted(call.func) or "")


def _missing(test: ir.Expr) -> str | None:
    """The name that is empty where a test holds: `not user`, `user is None`."""
    match test:
        case ir.Unary(op="not", value=ir.Name(id=name)):
            return name
        case ir.Compare(op="is" | "==", left=ir.Name(id=name), right=ir.Const(value=None)):
            return name
        case _:
            return None


def _checks_password(test: ir.Expr) -> bool:
    """Whether a test holds where the password is wrong: `not verify_password(…)`."""
    return any(
        type(negated) is ir.Unary
        and negated.op == "not"
        and any(type(node) is ir.Call and checks_password(node) for node in ir.walk_expression(negated.value))
        for negated in ir.walk_expression(test)
    )


def _uses(expr: ir.Expr, name: str) -> bool:
    """Whether something of what a name holds is asked: `user.password`, `user.check_password(…)`."""
    return any(
        type(node) is ir.Attribute and type(node.value) is ir.Name and node.value.id == name
        for node in ir.walk_expression(expr)
    )


def _shown(refusal: _Refusal, other: _Refusal) -> str:
    """What a client is told here and not there; a status where the words are the same."""
    own = [each for each in refusal.told if each not in other.told] or list(refusal.told)
    return f"`{max(own, key=lambda each: (isinstance(each, str), len(str(each))))}`"
