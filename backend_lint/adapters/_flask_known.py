"""What is known of Flask, Quart and their extensions: guards by name, and what a stranger's request looks like."""

from __future__ import annotations

from backend_lint.adapters._guards import Known
from backend_lint.adapters._stranger import HEADERS, Library
from backend_lint.project.model import GuardKind

_AUTHENTICATION = (GuardKind.AUTHENTICATION,)
_AUTHORIZATION = (GuardKind.AUTHORIZATION,)
_BOTH = (GuardKind.AUTHENTICATION, GuardKind.AUTHORIZATION)
_SCHEMES = ("HTTPBasicAuth", "HTTPTokenAuth", "HTTPDigestAuth", "MultiAuth")

DECORATORS = {
    "flask_login.login_required": _AUTHENTICATION,
    "flask_login.fresh_login_required": _AUTHENTICATION,
    "quart_auth.login_required": _AUTHENTICATION,
    "flask_jwt_extended.jwt_required": _AUTHENTICATION,
    "flask_jwt_extended.fresh_jwt_required": _AUTHENTICATION,
    "flask_jwt_extended.jwt_refresh_token_required": _AUTHENTICATION,
    "flask_jwt.jwt_required": _AUTHENTICATION,
    "flask_security.login_required": _AUTHENTICATION,
    "flask_security.auth_required": _AUTHENTICATION,
    "flask_security.auth_token_required": _AUTHENTICATION,
    "flask_security.http_auth_required": _AUTHENTICATION,
    "flask_security.roles_required": _BOTH,
    "flask_security.roles_accepted": _BOTH,
    "flask_security.permissions_required": _BOTH,
    "flask_security.permissions_accepted": _BOTH,
    "flask_user.login_required": _AUTHENTICATION,
    "flask_user.roles_required": _BOTH,
    "flask_praetorian.auth_required": _AUTHENTICATION,
    "flask_praetorian.roles_required": _BOTH,
    "flask_praetorian.roles_accepted": _BOTH,
    "flask_principal.Permission.require": _AUTHORIZATION,
    "flask_principal.IdentityContext.require": _AUTHORIZATION,
    "flask_appbuilder.security.decorators.has_access": _BOTH,
    "flask_appbuilder.security.decorators.has_access_api": _BOTH,
    "flask_appbuilder.security.decorators.protect": _BOTH,
    "flask_oidc.OpenIDConnect.require_login": _AUTHENTICATION,
    "flask_oidc.OpenIDConnect.accept_token": _AUTHENTICATION,
    "flask_simplelogin.login_required": _AUTHENTICATION,
    "authlib.integrations.flask_oauth2.ResourceProtector": _AUTHENTICATION,
    "authlib.integrations.flask_oauth2.ResourceProtector.__call__": _AUTHENTICATION,
    "flask_limiter.Limiter.limit": (GuardKind.THROTTLE,),
    "flask_limiter.Limiter.shared_limit": (GuardKind.THROTTLE,),
    "quart_rate_limiter.rate_limit": (GuardKind.THROTTLE,),
    **{f"apiflask.{owner}.auth_required": _AUTHENTICATION for owner in ("APIFlask", "APIBlueprint")},
    **{
        f"{library}.{scheme}.login_required": _AUTHENTICATION
        for library in ("flask_httpauth", "apiflask")
        for scheme in _SCHEMES
    },
}
_CALLS = {
    "flask_jwt_extended.verify_jwt_in_request": (401,),
    "flask_jwt_extended.view_decorators.verify_jwt_in_request": (401,),
    "flask_login.LoginManager.unauthorized": (401,),
    "flask.Flask.login_manager.unauthorized": (401,),
    "flask.current_app.login_manager.unauthorized": (401,),
    **{
        name: tuple({GuardKind.AUTHENTICATION: 401, GuardKind.AUTHORIZATION: 403}[kind] for kind in kinds)
        for name, kinds in DECORATORS.items()
        if GuardKind.THROTTLE not in kinds
    },
}
_NOTHING: dict[str, object] = {}


def _nobody(framework: str) -> dict[str, object]:
    return {
        f"{framework}.session": _NOTHING,
        f"{framework}.request.cookies": _NOTHING,
        f"{framework}.request.authorization": None,
        f"{framework}.request.headers": HEADERS,
    }


KNOWN = Known(
    DECORATORS,
    Library(
        nobody={
            **_nobody("flask"),
            **_nobody("quart"),
            "flask_login.current_user": None,
            "flask_login.current_user.is_authenticated": False,
            "flask_login.current_user.is_anonymous": True,
            "flask_security.current_user": None,
            "flask_security.current_user.is_authenticated": False,
            "flask_jwt_extended.current_user": None,
            "flask_jwt_extended.get_jwt_identity()": None,
            "flask_jwt_extended.get_current_user()": None,
        },
        calls=_CALLS,
        lenient=frozenset({"optional"}),
    ),
)
