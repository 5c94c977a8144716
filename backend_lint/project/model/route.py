"""Routes, what they take, and who may call them."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

from backend_lint.core import Place
from backend_lint.facts.ir import Expr
from backend_lint.project.modules import Class, Function, Scope


class GuardKind(str, enum.Enum):
    AUTHENTICATION = "authentication"
    AUTHORIZATION = "authorization"
    CSRF = "csrf"
    THROTTLE = "throttle"


@dataclass(eq=False)
class Guard:
    """Something that can refuse a request before the handler's work is done.

    `name` is as written (`current_user`, `IsAdminUser`), `level` says where it stands: `route`, `class`, `router`,
    `include`, `app`, `middleware`, `default` (a framework's settings) or `url`. `function` or `cls` is its code, if it
    is in the project. `arguments` are its literal arguments (roles, scopes).
    """

    kind: GuardKind
    name: str
    at: Place
    level: str = "route"
    function: Function | None = None
    cls: Class | None = None
    arguments: tuple[str, ...] = ()


@dataclass(eq=False)
class Input:
    """One thing a route takes from the client.

    `where` is `path`, `query`, `header`, `cookie`, `body`, `form` or `file`; `type` is the name of its type as far as
    known, `nullable` says whether it may be None instead. `constraints` are literal bounds (`le`, `max_length`,
    `pattern`, …). `variable` is the parameter's name in the handler, where that differs from the wire name.
    """

    name: str
    where: str
    type: str | None = None
    required: bool = True
    at: Place | None = None
    constraints: dict[str, Any] = field(default_factory=dict)
    default: Expr | None = None
    annotation: Expr | None = None
    variable: str | None = None
    description: str | None = None
    nullable: bool = False

    @property
    def spelled(self) -> str | None:
        """Its type with the `None` that it admits: `str | None`."""
        return f"{self.type} | None" if self.nullable and self.type not in (None, "None") else self.type


@dataclass(eq=False)
class Route:
    """One path of one application, with all prefixes, as OpenAPI writes it (`/users/{user_id}`).

    `methods` are upper case and sorted, without the HEAD and OPTIONS that frameworks add; `*` where any is taken;
    `WEBSOCKET` for a websocket. `handler` is the function that answers, for a class-based view its method where one can
    be named, and `view` the class. `router` names the container it was registered on (qualified name of the router,
    blueprint, view set or URL module): routes with the same are siblings. `outermost` names the container around all of
    them where no application is known. `order` is its place in the application's table. `dependencies` are the
    project's functions that run before the handler, outermost first. `converters` maps a path parameter to its
    converter. `at` is where it is registered. `idle` are guards written above the registration, which the framework
    never calls. `exemptions` are guards that are switched off for this route, with the place that does it
    (`csrf_exempt`, `AllowAny`). `body_schemas` and `response_schemas` are qualified names of the serializers that read
    the body and write the answer. `authentication` says how callers are known: qualified names of authentication
    classes, `session` for the framework's session cookie. `permissions` are the names of its permission classes,
    whether or not they refuse anybody.
    """

    path: str
    methods: tuple[str, ...]
    handler: Function | None
    at: Place
    framework: str
    handler_name: str = ""
    view: Class | None = None
    router: str = ""
    app: str = ""
    outermost: str = ""
    inputs: list[Input] = field(default_factory=list)
    body: str | None = None
    body_schemas: tuple[str, ...] = ()
    response_schemas: tuple[str, ...] = ()
    response_model: str | None = None
    response_expr: Expr | None = None
    status_code: int | None = None
    guards: list[Guard] = field(default_factory=list)
    idle: list[Guard] = field(default_factory=list)
    exemptions: list[Guard] = field(default_factory=list)
    authentication: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    dependencies: list[Function] = field(default_factory=list)
    tags: tuple[str, ...] = ()
    deprecated: bool = False
    summary: str | None = None
    in_schema: bool = True
    name: str | None = None
    order: int = 0
    converters: dict[str, str] = field(default_factory=dict)
    options: dict[str, Expr] = field(default_factory=dict)
    scope: Scope | None = None
    is_public: bool = False

    @property
    def space(self) -> str:
        """What it shares its addresses with: routes of different spaces are never in each other's way."""
        return self.app or self.outermost

    @property
    def is_websocket(self) -> bool:
        return self.methods == ("WEBSOCKET",)

    @property
    def is_safe(self) -> bool:
        """Whether it takes safe methods only (RFC 9110, section 9.2.1)."""
        return bool(self.methods) and all(method in ("GET", "HEAD", "OPTIONS", "TRACE") for method in self.methods)

    @property
    def label(self) -> str:
        """`DELETE /orders/{id}`."""
        return f"{','.join(self.methods)} {self.path}"

    def has_guard(self, *kinds: GuardKind) -> bool:
        return any(guard.kind in kinds for guard in self.guards)

    @property
    def is_guarded(self) -> bool:
        return self.has_guard(GuardKind.AUTHENTICATION, GuardKind.AUTHORIZATION)


@dataclass(eq=False)
class Router:
    """A container of routes: a router, a blueprint, a URL module, by qualified name.

    `routes` is how many it has of its own. `is_mounted` where an application serves it, or where that cannot be told.
    """

    name: str
    framework: str
    at: Place
    routes: int
    is_mounted: bool
