"""Objects of the frameworks that registration follows, and what their methods mean."""

from __future__ import annotations

KINDS = frozenset(
    {
        "fastapi.FastAPI",
        "fastapi.APIRouter",
        "starlette.applications.Starlette",
        "starlette.routing.Router",
        "starlette.routing.Route",
        "starlette.routing.Mount",
        "starlette.routing.Host",
        "starlette.routing.WebSocketRoute",
        "starlette.middleware.Middleware",
        "flask.Flask",
        "flask.Blueprint",
        "quart.Quart",
        "quart.Blueprint",
        "flask_restful.Api",
        "flask_restx.Api",
        "flask_restx.Namespace",
        "flask_smorest.Api",
        "flask_smorest.Blueprint",
        "flask_appbuilder.AppBuilder",
        "flask_openapi3.OpenAPI",
        "flask_openapi3.APIBlueprint",
        "apiflask.APIFlask",
        "apiflask.APIBlueprint",
        "django.urls.path",
        "django.urls.re_path",
        "django.urls.include",
        "django.conf.urls.i18n.i18n_patterns",
        "rest_framework.routers.SimpleRouter",
        "rest_framework.routers.DefaultRouter",
        "rest_framework_nested.routers.NestedSimpleRouter",
        "rest_framework_nested.routers.NestedDefaultRouter",
        "rest_framework_extensions.routers.ExtendedSimpleRouter",
        "rest_framework_extensions.routers.ExtendedDefaultRouter",
        "ninja.NinjaAPI",
        "ninja.Router",
        "aiohttp.web.Application",
        "aiohttp.web.RouteTableDef",
        "aiohttp.web.Resource",
        "aiohttp.web.get",
        "aiohttp.web.head",
        "aiohttp.web.options",
        "aiohttp.web.post",
        "aiohttp.web.put",
        "aiohttp.web.patch",
        "aiohttp.web.delete",
        "aiohttp.web.route",
        "aiohttp.web.view",
        "aiohttp.web.static",
        "sanic.Sanic",
        "sanic.Blueprint",
        "sanic.Blueprint.group",
        "sanic.blueprint_group.BlueprintGroup",
        "tornado.web.Application",
        "tornado.web.url",
        "tornado.web.URLSpec",
        "tornado.routing.URLSpec",
        "tornado.routing.Rule",
        "litestar.Litestar",
        "litestar.Router",
        "celery.Celery",
    }
)
LISTS = frozenset({"django.conf.urls.i18n.i18n_patterns"})  # calls that give a list of what they make
MAKERS = {  # methods that give an object of a framework
    "flask_restx.Api.namespace": "flask_restx.Namespace",
    "aiohttp.web.Application.router.add_resource": "aiohttp.web.Resource",
}
REGISTERING = {  # methods that tell an application from other objects
    "register_blueprint": ("flask.Flask", "quart.Quart"),
    "add_url_rule": ("flask.Flask", "quart.Quart"),
    "include_router": ("fastapi.FastAPI",),
    "add_api_route": ("fastapi.FastAPI",),
}
BROUGHT = {  # methods that give away the application on which they are called, though it is made elsewhere
    "add_handlers": "tornado.web.Application",
}
INERT = frozenset(
    {"app_context", "test_request_context", "test_client", "run", "response_class", "send_static_file", "url_for"}
    | {"ensure_sync", "make_response", "open_resource", "full_dispatch_request", "handle_exception", "send_task"}
    | {"AsyncResult", "signature", "url_path_for", "openapi", "abort", "config", "update_template_context"}
    | {"process_response", "make_shell_context", "request_context", "make_default_options_response"}
    | {"config_from_object", "set_default", "create_url_adapter", "create_jinja_environment", "test_cli_runner"}
    | {"finalize_request"}
)  # methods of framework objects that register nothing
