"""Settings: what configures the application, and where its values come from."""

from __future__ import annotations

from dataclasses import dataclass

from backend_lint.core import Place
from backend_lint.facts.ir import Expr
from backend_lint.project.modules import Scope


@dataclass(eq=False)
class Setting:
    """`kind` is `django`, `flask`, `pydantic` or `environment`.

    `value` is what is assigned, `default` what holds when the environment says nothing, `variable` the environment
    variable it is read from. `profile` is `production`, `development`, `test` or `base`, told from where it stands.
    """

    name: str
    kind: str
    at: Place
    scope: Scope
    value: Expr | None = None
    default: Expr | None = None
    variable: str | None = None
    profile: str = "base"
    has_default: bool = False
