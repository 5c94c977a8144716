"""What is known of Starlette's family and of frameworks that hand the request over: guards by name, and a stranger."""

from __future__ import annotations

from typing import Any

from backend_lint.adapters._guards import Known
from backend_lint.adapters._stranger import HEADERS, Library
from backend_lint.project.model import GuardKind

KNOWN = Known(
    {"starlette.authentication.requires": (GuardKind.AUTHENTICATION,)},
    Library(nobody={}, calls={}, lenient=frozenset({"auto_error"})),
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
    }
