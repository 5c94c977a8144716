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

from backend_lint.api import Comparison, ContractRule, Endpoint, Finding, Project, Requirement, Severity, Step
from backend_lint.rules.api._contract import labels
from backend_lint.rules.api._shared import listed

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
            if found is not None:
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


def _change(old: Endpoint, new: Endpoint) -> tuple[str, Severity] | None:
    """What the guards of an operation turned into, in words."""
    before, after = _guards(old), _guards(new)
    if before and not after:
        return f"need{{s}} no {_kind(before)} any more: {_names(before)} {_is(before)} gone", Severity.HIGH
    if after and not before:
        return f"ask{{s}} for {_names(after)} now, and anybody could call before", Severity.MEDIUM
    lost = [each for each in before if each.kind == _AUTHORIZATION]
    gained = [each for each in after if each.kind == _AUTHORIZATION]
    if lost and not gained:
        return f"ask{{s}} for {_names(after)} only: {_names(lost)} {_is(lost)} gone", Severity.HIGH
    if gained and not lost:
        return f"ask{{s}} for {_names(gained)} besides, which was not needed before", Severity.MEDIUM
    for each in gained:
        same = [one for one in lost if one.name == each.name]
        if len(same) == 1 and sum(one.name == each.name for one in gained) == 1 and same[0].arguments != each.arguments:
            asked, was = listed(each.arguments) or "nothing", listed(same[0].arguments) or "nothing"
            return f"ask{{s}} `{each.name}` for {asked}, and asked for {was}", Severity.MEDIUM
    return None


def _guards(operation: Endpoint) -> list[Requirement]:
    return [each for each in operation.requirements if each.kind in (_AUTHENTICATION, _AUTHORIZATION)]


def _kind(guards: list[Requirement]) -> str:
    return "permission" if all(each.kind == _AUTHORIZATION for each in guards) else "authentication"


def _names(guards: list[Requirement]) -> str:
    return listed(dict.fromkeys(each.name for each in guards))


def _is(guards: list[Requirement]) -> str:
    return "are" if len({each.name for each in guards}) > 1 else "is"
