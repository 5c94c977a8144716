"""WebSocket that lets anyone in, though the routes around it ask who is calling.

## What it does
Compares the WebSocket routes of an application with its other routes: where nearly all of those ask who is calling, a
socket that neither has a guard nor looks at a token, a cookie or the user itself is reported.

## Why it matters
Middleware and dependencies for requests often leave WebSockets out, so the guard that everybody relies on is not there.
Browsers open sockets across origins and send the cookies along: any page can listen in.

## Example
```python
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, WebSocket

router = APIRouter()


def signed_in(request: Request) -> str:
    if "user" not in request.session:
        raise HTTPException(401)
    return request.session["user"]


@router.get("/orders", dependencies=[Depends(signed_in)])
def orders(): ...


@router.post("/orders", dependencies=[Depends(signed_in)])
def create(): ...


@router.put("/orders/{order_id}", dependencies=[Depends(signed_in)])
def change(order_id: int): ...


@router.delete("/orders/{order_id}", dependencies=[Depends(signed_in)])
def remove(order_id: int): ...


@router.websocket("/orders/{order_id}/events")
async def events(socket: WebSocket, order_id: int):
    await socket.accept()
    while True:
        await socket.send_json(await next_event(order_id))


app = FastAPI()
app.include_router(router)
```

## Use instead
```python
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, WebSocket, WebSocketException

router = APIRouter()


def signed_in(request: Request) -> str:
    if "user" not in request.session:
        raise HTTPException(401)
    return request.session["user"]


def listening(socket: WebSocket) -> str:
    if "user" not in socket.session:
        raise WebSocketException(1008)
    return socket.session["user"]


@router.get("/orders", dependencies=[Depends(signed_in)])
def orders(): ...


@router.post("/orders", dependencies=[Depends(signed_in)])
def create(): ...


@router.put("/orders/{order_id}", dependencies=[Depends(signed_in)])
def change(order_id: int): ...


@router.delete("/orders/{order_id}", dependencies=[Depends(signed_in)])
def remove(order_id: int): ...


@router.websocket("/orders/{order_id}/events")
async def events(socket: WebSocket, order_id: int, user: str = Depends(listening)):
    await socket.accept()
    while True:
        await socket.send_json(await next_event(order_id))


app = FastAPI()
app.include_router(router)
```

## When not to
Sockets that only tell everybody the same (a clock, a status page) may be open: name their path in `public-routes`.
Resolvers of GraphQL are not compared yet.

## References
- https://cheatsheetseries.owasp.org/cheatsheets/WebSocket_Security_Cheat_Sheet.html
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Confidence, Finding, Project, ProjectRule, Route, Severity, Step, Unit
from backend_lint.rules.security._shared import identity_guards, is_application, place_of, run_for
from backend_lint.rules.security._siblings import MEMBERS, asks_itself, identifying

_SHARE = 0.6


class UnguardedWebsocketOrResolver(ProjectRule):
    code = "SEC121"
    preview = True
    severity = Severity.HIGH
    cwe = (306, 1385)
    owasp = ("A01:2021", "A01:2025")
    unit = Unit.ROUTE
    confidence = Confidence.MEDIUM

    def check(self, project: Project) -> Iterator[Finding]:
        guards = identifying(project)
        seen: set[object] = set()
        for socket in _sockets(project):
            code = socket.handler or socket.view
            if code in seen or socket.is_guarded or _looks(socket, guards, project):
                continue
            routes = [each for each in project.routes if each.app == socket.app and not each.is_websocket]
            guarded = [each for each in routes if each.is_guarded]
            if len(routes) >= MEMBERS and len(guarded) >= _SHARE * len(routes):
                seen.add(code)
                yield self._finding(socket, routes, guarded)

    def examined(self, project: Project) -> list[str]:
        return [socket.label for socket in _sockets(project)]

    def _finding(self, socket: Route, routes: list[Route], guarded: list[Route]) -> Finding:
        example = min(guarded, key=lambda each: (each.router != socket.router, each.order))
        name = identity_guards(example)[0].name
        return self.finding(
            place_of(socket),
            f"the socket `{socket.path}` lets anyone in; {len(guarded)} of the {len(routes)} other routes of this application "
            f"ask who is calling, like `{example.label}` (`{name}`)",
            help="Ask for the session or a token before `accept()`, and compare the `Origin` header.",
            related=[Step(place_of(example), f"guarded by `{name}`")],
            discriminator=socket.label,
            unit=socket.label,
        )


def _sockets(project: Project) -> list[Route]:
    return [
        route
        for route in project.routes
        if route.is_websocket
        and not route.is_public
        and is_application(route, project)
        and (route.handler or route.view)
    ]


def _looks(socket: Route, guards: frozenset[str], project: Project) -> bool:
    """Whether what runs for a socket looks at who is there, itself or through what it calls."""
    return asks_itself(socket, guards, project) or any(
        each.qualified in guards or "auth" in each.name.lower() for each in run_for(socket, project)
    )
