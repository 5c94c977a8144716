"""Route that knows its caller, and asks for no right though its siblings do.

## What it does
Compares the routes of a router, reading and writing ones apart. Where nearly all of them ask what the caller may do
(a role, a scope, a permission), one that only asks who is calling is reported, unless its code asks a policy itself.

## Why it matters
Everybody who has signed in may do there what was meant for some: delete what only administrators delete, read what only
the accountants read (BFLA, fifth of the OWASP API list). Nothing fails, so nobody notices.

## Example
```python
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request


def signed_in(request: Request) -> str:
    if "user" not in request.session:
        raise HTTPException(401)
    return request.session["user"]


def is_admin(user: str = Depends(signed_in)) -> None:
    if user not in ADMINS:
        raise HTTPException(403)


ADMINS = {"ada"}
router = APIRouter(prefix="/shops")


@router.post("/", dependencies=[Depends(is_admin)])
def create(): ...


@router.put("/{shop_id}", dependencies=[Depends(is_admin)])
def change(shop_id: int): ...


@router.post("/{shop_id}/close", dependencies=[Depends(is_admin)])
def close(shop_id: int): ...


@router.post("/{shop_id}/open", dependencies=[Depends(is_admin)])
def reopen(shop_id: int): ...


@router.delete("/{shop_id}", dependencies=[Depends(signed_in)])
def remove(shop_id: int): ...


app = FastAPI()
app.include_router(router)
```

## Use instead
```python
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request


def signed_in(request: Request) -> str:
    if "user" not in request.session:
        raise HTTPException(401)
    return request.session["user"]


def is_admin(user: str = Depends(signed_in)) -> None:
    if user not in ADMINS:
        raise HTTPException(403)


ADMINS = {"ada"}
router = APIRouter(prefix="/shops", dependencies=[Depends(is_admin)])


@router.post("/")
def create(): ...


@router.put("/{shop_id}")
def change(shop_id: int): ...


@router.post("/{shop_id}/close")
def close(shop_id: int): ...


@router.delete("/{shop_id}")
def remove(shop_id: int): ...


app = FastAPI()
app.include_router(router)
```

## When not to
What callers do with what is their own (`/me`, their password, their tokens) needs no right; such paths are left out, and
so are handlers that look at the caller's rights or at the owner of the row themselves.

## References
- https://owasp.org/API-Security/editions/2023/en/0xa5-broken-function-level-authorization/
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import (
    Confidence,
    Finding,
    Function,
    GuardKind,
    Project,
    ProjectRule,
    Route,
    Severity,
    Step,
    Unit,
    ir,
    words,
)
from backend_lint.rules.security._owners import POLICY, handled
from backend_lint.rules.security._shared import identity_guards, is_application, place_of
from backend_lint.rules.security._siblings import Data, Group, compared

_OWN = frozenset(
    {
        "me",
        "my",
        "mine",
        "self",
        "own",
        "profile",
        "account",
        "current",
        "whoami",
        "password",
        "preferences",
        "settings",
    }
    | {"logout", "login", "session", "sessions", "avatar", "notifications", "favorites", "favourites", "bookmarks"}
    | {"health", "version", "info", "status", "ping", "search", "autocomplete", "lookup", "token", "tokens"}
)


_EXAMPLES = 2
_SAFE = frozenset({"GET", "HEAD", "*"})


class MissingRoleCheck(ProjectRule):
    code = "SEC107"
    preview = True
    severity = Severity.HIGH
    cwe = (862, 285)
    owasp = ("A01:2021", "A01:2025", "API5:2023")
    unit = Unit.ROUTE
    confidence = Confidence.MEDIUM

    def check(self, project: Project) -> Iterator[Finding]:
        data = project.derived(Data)
        seen: set[object] = set()
        for route, group in self._compared(project):
            code = route.handler or route.view
            if code is None or code in seen or not group.is_clear or _asks_for_a_right(route):
                continue
            if len(_like(route, group)) >= _EXAMPLES and data.is_touched(route) and not _decides(route, project):
                seen.add(code)
                yield self._finding(route, group, data.is_writing(route))

    def examined(self, project: Project) -> list[str]:
        return [route.label for route, _ in self._compared(project)]

    def _compared(self, project: Project) -> Iterator[tuple[Route, Group]]:
        routes = [
            route
            for route in project.routes
            if route.is_guarded
            and not route.is_websocket
            and (route.is_safe or not _SAFE & set(route.methods))
            and is_application(route, project)
            and not _OWN & set(words(f"{route.path} {route.handler_name.rpartition('.')[2]}"))
        ]
        return compared(routes, project.derived(Data), _asks_for_a_right)

    def _finding(self, route: Route, group: Group, writes: bool) -> Finding:
        examples = [(each, _right(each)) for each in _like(route, group)[:2]]
        names = " and ".join(f"`{each.label}` (`{name}`)" for each, name in examples)
        return self.finding(
            place_of(route),
            f"`{route.label}` is open to everybody who is signed in (`{identity_guards(route)[0].name}`); "
            f"{len(group.having)} of the {len(group.routes)} {group.what} ask for a right, like {names}",
            help="Guard it as they are, or let the handler decide by the caller's rights.",
            related=[Step(place_of(each), f"asks for `{name}`") for each, name in examples],
            severity=Severity.HIGH if writes else Severity.MEDIUM,
            discriminator=route.label,
            unit=route.label,
        )


def _like(route: Route, group: Group) -> list[Route]:
    """The siblings that ask for a right on the same kind of thing: on one item, or on the collection."""
    return [each for each in group.having if ("{" in each.path) == ("{" in route.path)]


def _asks_for_a_right(route: Route) -> bool:
    return route.has_guard(GuardKind.AUTHORIZATION)


def _right(route: Route) -> str:
    return next(each.name for each in route.guards if each.kind is GuardKind.AUTHORIZATION)


def _decides(route: Route, project: Project) -> bool:
    """Whether what runs for a route asks a policy, or compares somebody with the caller."""
    return route.handler is None or any(
        POLICY.search(name) for function in handled(route.handler, route, project) for name in _names(function)
    )


def _names(function: Function) -> Iterator[str]:
    for node in ir.walk(function.body):
        if type(node) is ir.Attribute:
            yield node.name
        elif type(node) is ir.Name:
            yield node.id
