"""What is known of Starlette's family and of frameworks that hand the request over: guards by name, and a stranger."""

from __future__ import annotations

from typing import Any

from backend_lint.adapters._guards import Known
from backend_lint.adapters._stranger import HEADERS, Library
from backend_lint.project.model import GuardKind

_AUTHENTICATION = (GuardKind.AUTHENTICATION,)
KNOWN = Known(
    {
        "starlette.authentication.requires": _AUTHENTICATION,
        "tornado.web.authenticated": _AUTHENTICATION,
        "aiohttp_security.login_required": _AUTHENTICATION,
        "aiohttp_security.has_permission": (GuardKind.AUTHENTICATION, GuardKind.AUTHORIZATION),
        "sanic_jwt.decorators.protected": _AUTHENTICATION,
        "sanic_jwt.protected": _AUTHENTICATION,
    },
    Library(
        nobody={"aiohttp_session.get_session()": {}, "aiohttp_security.authorized_userid()": None},
        calls={"aiohttp_security.check_authorized": (401,), "aiohttp_security.check_permission": (401, 403)},
        lenient=frozenset({"auto_error"}),
    ),
)


def stranger(name: str, path: str, method: str) -> dict[str, Any]:
    """What is known of a request without credentials that the code calls `name`."""
    return {
        f"{name}.url.path": path,
        f"{name}.path": path,
        f"{name}.method": method,
        f"{name}.headers": HEADERS,
        f"{name}.cookies": {},
        f"{name}.session": {},
        f"{name}.user": None,
        f"{name}.auth": None,
        f"{name}.identity": None,
        f"{name}.authenticated_userid": None,
    }
