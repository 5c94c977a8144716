"""Existing route asks for other rights than before.

## What it does
Compares the guards that each operation really has, wherever they stand (decorator, dependency, router, application,
middleware), with those of the earlier contract: guards that are gone, that are new, or that ask for other roles or scopes.

## Why it matters
A guard that is gone opens a route, and no test of the happy path notices. A guard that is new refuses the requests of
clients that were served so far.

## Example
```python
# base/app.py
from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import OAuth2PasswordBearer

oauth = OAuth2PasswordBearer(tokenUrl="token")
router = APIRouter(dependencies=[Depends(oauth)])


@router.get("/invoices")
def invoices() -> list[str]: ...


app = FastAPI()
app.include_router(router)
# head/app.py
from fastapi import APIRouter, FastAPI

router = APIRouter()


@router.get("/invoices")
def invoices() -> list[str]: ...


app = FastAPI()
app.include_router(router)
```

## Use instead
```python
# base/app.py
from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import OAuth2PasswordBearer

oauth = OAuth2PasswordBearer(tokenUrl="token")
router = APIRouter(dependencies=[Depends(oauth)])


@router.get("/invoices")
def invoices() -> list[str]: ...


app = FastAPI()
app.include_router(router)
# head/app.py
from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import OAuth2PasswordBearer

oauth = OAuth2PasswordBearer(tokenUrl="token")
router = APIRouter()


@router.get("/invoices")
def invoices() -> list[str]: ...


app = FastAPI(dependencies=[Depends(oauth)])
app.include_router(router)
```

## When not to
A guard that moved to another level, or that was replaced by another of the same kind, is no change. Where a route was
opened, or closed, on purpose, say so in the suppression.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import (
    UNTOLD,
    Class,
    Comparison,
    ContractRule,
    Effect,
    Endpoint,
    Finding,
    Project,
    Requirement,
    Severity,
    Step,
    listed,
)
from backend_lint.rules.api._contract import labels

_AUTHENTICATION, _AUTHORIZATION = "authentication", "authorization"


class AuthRequirementChanged(ContractRule):
    code = "API406"
    severity = Severity.HIGH
    cwe = (306,)
    owasp = ("API5:2023",)

    def compared(self, changes: Comparison, project: Project) -> Iterator[Finding]:
        together: dict[tuple[str, str, Severity], list[tuple[Endpoint, Endpoint]]] = {}
        for old, new in changes.kept:
            found = _change(old, new)
            if found is not None and not (found[1] is Severity.HIGH and _refuses(project, new)):
                together.setdefault((new.router or new.at.path, *found), []).append((old, new))
        for (_, what, severity), pairs in together.items():
            first = pairs[0][1]
            yield self.finding(
                first.at,
                f"{labels(new for _, new in pairs)} {what.format(s='' if len(pairs) > 1 else 's')}",
                help="Put the guard back, or say why these may be called without it."
                if severity is Severity.HIGH
                else "Announce it to clients, or serve the change under a new version.",
                related=[Step(old.at, f"`{old.label}` as it was") for old, _ in pairs[:20]],
                discriminator=f"{first.router} {what}",
                unit=first.label,
                severity=severity,
            )


def _refuses(project: Project, operation: Endpoint) -> bool:
    """Whether the handler, or a method of its view, refuses callers by itself."""
    for route in project.routes:
        if route.at == operation.at:
            bases = project.classes.mro(route.view) if route.view is not None else ()
            methods = [method for each in bases if isinstance(each, Class) for method in each.methods.values()]
            for function in {each.qualified: each for each in (route.handler, *methods) if each is not None}.values():
                if {"401", "403"} & {each.what for each in project.effects.all_of(function, Effect.RAISE)}:
                    return True
    return False


def _change(old: Endpoint, new: Endpoint) -> tuple[str, Severity] | None:
    """What the guards of an operation turned into, in words."""
    before, after = _guards(old), _guards(new)
    lost, gained = _missing(before, old, new), _missing(after, new, old)
    if lost and not after:
        return f"need{{s}} no {_kind(lost)} any more: {_names(lost)} {_is(lost)} gone", Severity.HIGH
    if gained and not before:
        return f"ask{{s}} for {_names(gained)} now, and anybody could call before", Severity.MEDIUM
    lost, gained = _roles(lost), _roles(gained)
    if lost and not _roles(after):
        return f"ask{{s}} for {_names(after)} only: {_names(lost)} {_is(lost)} gone", Severity.HIGH
    if gained and not _roles(before):
        return f"ask{{s}} for {_names(gained)} besides, which was not needed before", Severity.MEDIUM
    for each in _roles(after):
        same = [one for one in _roles(before) if one.name == each.name]
        if len(same) == 1 and sum(one.name == each.name for one in after) == 1 and same[0].arguments != each.arguments:
            asked, was = listed(each.arguments) or "nothing", listed(same[0].arguments) or "nothing"
            return f"ask{{s}} `{each.name}` for {asked}, and asked for {was}", Severity.MEDIUM
    return None


def _guards(operation: Endpoint) -> list[Requirement]:
    return [each for each in operation.requirements if each.kind in (_AUTHENTICATION, _AUTHORIZATION)]


def _missing(guards: list[Requirement], own: Endpoint, other: Endpoint) -> list[Requirement]:
    """Those that do not stand around the other state of the operation. A check in the handler has no name to compare.

    None where something stands there of which it cannot be told what it does.
    """
    if UNTOLD in other.around:
        return []
    handlers = {each.handler.rpartition(".")[2] for each in (own, other)}
    known = {*other.around, *(each.name for each in other.requirements), *handlers}
    return [each for each in guards if each.name not in known and each.name.rpartition(".")[2] not in known]


def _roles(guards: list[Requirement]) -> list[Requirement]:
    """Those about who somebody is, without what the settings ask of all views: whether that applies, a view decides."""
    return [each for each in guards if each.kind == _AUTHORIZATION and not each.is_default]


def _kind(guards: list[Requirement]) -> str:
    return "permission" if all(each.kind == _AUTHORIZATION for each in guards) else "authentication"


def _names(guards: list[Requirement]) -> str:
    return listed(dict.fromkeys(each.name for each in guards))


def _is(guards: list[Requirement]) -> str:
    return "are" if len({each.name for each in guards}) > 1 else "is"
