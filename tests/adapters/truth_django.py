"""What a Django project says of itself when it runs: its routes, who may call them, its models.

`django_truth(root, settings)` starts the project in a process of its own, with an in-memory database, and asks the URL
resolver, the model registry and the test client. The answer is plain JSON:

    {"routes": [{"path", "methods", "handler", "guarded"}],
     "models": [{"name", "class", "managed", "auto_created", "columns", "indexes", "uniques"}],
     "failures": ["GET /an/address/that/answers/500/"]}

What counts as what, where Django leaves a choice:

* Paths are in OpenAPI form. Regular expressions are simplified as `django.contrib.admindocs` and DRF do: groups become
  `{name}` (`{var}` without a name), anchors, non-capturing parentheses and question marks disappear.
* One route is one handler at one path with one answer to "guarded". A view set that lists on GET and creates on POST is
  two routes: `shop.views.Orders.list` and `shop.views.Orders.create`.
* Handlers are named by where they are defined, decorators taken off: `module.function`, `module.Class.method`, and
  `module.Class` for an instance that is called, `module.function` for what a function returns. What lives outside of
  the project is named without its module.
* Methods leave out HEAD, OPTIONS and TRACE. A function view that refuses none is `["*"]`; which it refuses is found by
  calling it as a superuser. A class-based view has those for which it has a handler, inherited ones included.
* Guarded: an anonymous request gets 401, 403, or a redirect to the login page. The database holds one row of every
  table, so that a check on the object has an object. 404, 400 and 500 come from behind the guard.
* Left out: URL modules that are not the project's (`include("django.contrib.auth.urls")`), the admin, `static()`, and
  what DRF itself leaves out of its schema: the root view of a `DefaultRouter` and the format suffixes.
* Models are those of the project's own apps that have a table: no proxies, but the join tables that Django makes for
  many-to-many fields (`auto_created`), and tables that something else makes (not `managed`).
* A column's type is `get_internal_type()`: `CharField` for an `EmailField`. Its `attribute` is the field's name.
* `indexes` and `uniques` are what the fields and `Meta` ask for together. What is unique has no second index, and a
  primary key is neither. Partial and functional ones do not count. A column is `index` if an index starts with it,
  `unique` if it is unique by itself.
"""

from __future__ import annotations

import contextlib
import datetime
import decimal
import inspect
import itertools
import json
import os
import re
import subprocess
import sys
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


def django_truth(
    root: Path, settings: str, *, credentials: Mapping[str, str] | None = None, public: Iterable[str] = ()
) -> dict[str, Any]:
    """Routes and models of the project at `root`.

    `credentials` are headers that open what a superuser's session does not, such as an API key. `public` are paths
    that refuse a request for what is in it, as a login does, or that send everybody to the login, as a logout does.
    """
    root = root.resolve()
    answer = subprocess.run(
        [sys.executable, __file__, str(root), json.dumps(dict(credentials or {})), json.dumps(list(public))],
        cwd=root,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": settings, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise RuntimeError(answer.stderr)
    truth: dict[str, Any] = json.loads(answer.stdout)
    return truth


def main(root: str, credentials: str, public: str) -> None:
    with contextlib.redirect_stdout(sys.stderr):
        answer = interview(Path(root), json.loads(credentials), json.loads(public))
    json.dump(answer, sys.stdout)


def interview(root: Path, credentials: Mapping[str, str], public: Collection[str]) -> dict[str, Any]:
    """What the project answers that this process is set up for."""
    import django
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    django.setup()
    setup_test_environment()
    call_command("migrate", run_syncdb=True, verbosity=0)
    project = Project(root)
    fill_tables()
    callers = Callers(credentials)
    routes = sorted(
        (route for mounted in project.mounted() for route in asked(mounted, project, callers, public)),
        key=lambda route: (route["path"], route["handler"], route["methods"]),
    )
    return {"routes": routes, "models": project.models(), "failures": sorted(callers.failures)}


class Mounted(NamedTuple):
    """A view where the resolver has it, and the patterns that lead there."""

    path: str
    patterns: tuple[Any, ...]
    callback: Any


class Project:
    """What the running project has registered, told apart from what its libraries have."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def owns(self, module_name: str) -> bool:
        file = Path(getattr(sys.modules.get(module_name), "__file__", None) or "/")
        return file.is_relative_to(self.root) and "site-packages" not in file.relative_to(self.root).parts

    def named(self, thing: Any, *rest: str) -> str:
        module = (thing.__module__,) if self.owns(thing.__module__) else ()
        return ".".join((*module, thing.__qualname__.split(".<locals>")[0], *rest))

    def mounted(self) -> Iterator[Mounted]:
        from django.urls import get_resolver

        yield from self._below(get_resolver(), "", ())

    def _below(self, resolver: Any, prefix: str, patterns: tuple[Any, ...]) -> Iterator[Mounted]:
        for entry in resolver.url_patterns:
            path, chain = prefix + open_api(entry.pattern), (*patterns, entry.pattern)
            if hasattr(entry, "url_patterns"):
                if self._is_foreign(entry):
                    continue
                yield from self._below(entry, path, chain)
            elif not is_generated(entry.callback, path):
                yield Mounted("/" + path, chain, entry.callback)

    def _is_foreign(self, resolver: Any) -> bool:
        return resolver.app_name == "admin" or (
            inspect.ismodule(resolver.urlconf_name) and not self.owns(resolver.urlconf_name.__name__)
        )

    def models(self) -> list[dict[str, Any]]:
        from django.apps import apps

        known = [
            model_row(model, self)
            for model in apps.get_models(include_auto_created=True)
            if not model._meta.proxy and self.owns(model.__module__)
        ]
        return sorted(known, key=lambda row: (row["table"], row["class"]))


# Routes


def open_api(pattern: Any) -> str:
    """The pattern as OpenAPI writes it: converters dropped, groups named in braces."""
    from django.contrib.admindocs.views import simplify_regex

    text = str(pattern)
    if is_regex(pattern):
        text = simplify_regex(text).lstrip("/").replace("\\", "")
    text = re.sub(r"<drf_format_suffix\w*:format>", ".<format>", text)
    return re.sub(r"<(?:[^>:]+:)?(\w+)>", r"{\1}", text)


def is_regex(pattern: Any) -> bool:
    from django.urls.resolvers import RegexPattern

    return isinstance(pattern, RegexPattern)


def is_generated(callback: Any, path: str) -> bool:
    """Whether a library made this route, although a URL module of the project asked for it."""
    is_root_view = getattr(getattr(callback, "cls", None), "__name__", "") == "APIRootView"
    return is_root_view or path.rstrip("/").endswith(".{format}") or callback.__module__ == "django.views.static"


def handlers(callback: Any, project: Project) -> dict[str, str]:
    """The handler of every method that the view may accept."""
    view_class = getattr(callback, "view_class", None) or getattr(callback, "cls", None)
    if view_class is None:
        return dict.fromkeys(METHODS, project.named(undecorated(callback)))
    initial = getattr(callback, "view_initkwargs", None) or getattr(callback, "initkwargs", {})
    accepted = set(initial.get("http_method_names", view_class.http_method_names)) & {name.lower() for name in METHODS}
    if actions := getattr(callback, "actions", None):
        return {name.upper(): project.named(view_class, action) for name, action in actions.items() if name in accepted}
    if view_class.__qualname__ == "WrappedAPIView":  # what DRF's `api_view` makes of a function
        named = dict.fromkeys(accepted, f"{view_class.__module__}.{view_class.__name__}")
    else:
        named = {name: project.named(view_class, name) for name in accepted}
    return {name.upper(): handler for name, handler in named.items() if hasattr(view_class, name)}


def undecorated(callback: Any) -> Any:
    """The function below its decorators, also below one that forgets `functools.wraps`; the class of an instance."""
    function = inspect.unwrap(callback)
    if not inspect.isroutine(function):
        return type(function)
    captured = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    hidden = [value for value in captured if inspect.isfunction(value)]
    return undecorated(hidden[0]) if len(hidden) == 1 else function


def asked(mounted: Mounted, project: Project, callers: Callers, public: Collection[str]) -> Iterator[dict[str, Any]]:
    by_method = handlers(mounted.callback, project)
    address = callers.found(addresses(mounted.patterns), sorted(by_method))
    methods_of: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for method, handler in by_method.items():
        if callers.may_call(method, address):
            is_guarded = mounted.path not in public and callers.is_refused(method, address)
            methods_of[handler, is_guarded].append(method)
    for (handler, guarded), methods in methods_of.items():
        yield {
            "path": mounted.path,
            "methods": ["*"] if is_function(mounted.callback) and len(methods) == len(METHODS) else sorted(methods),
            "handler": handler,
            "guarded": guarded,
        }


def is_function(callback: Any) -> bool:
    return not hasattr(callback, "view_class") and not hasattr(callback, "cls")


class Callers:
    """The same request, from nobody and from somebody who may do everything. What it writes is rolled back."""

    def __init__(self, credentials: Mapping[str, str]) -> None:
        from django.contrib.auth import get_user_model
        from django.test import Client

        somebody = get_user_model()._default_manager.get()
        somebody.is_superuser = somebody.is_staff = somebody.is_active = True
        somebody.save()
        self.nobody = Client(raise_request_exception=False)
        self.superuser = Client(raise_request_exception=False, headers=dict(credentials))
        self.superuser.force_login(somebody, backend="django.contrib.auth.backends.ModelBackend")
        self.failures: set[str] = set()

    def found(self, addresses: Iterable[str], methods: Sequence[str]) -> str:
        """The first address at which a superuser finds something, or the first one."""
        known = list(addresses)
        finds = (
            address
            for address in known
            if any(self._ask(self.superuser, method, address)[0] not in (404, 405) for method in methods)
        )
        return next(finds, known[0])

    def may_call(self, method: str, address: str) -> bool:
        status, _ = self._ask(self.superuser, method, address)
        if status == 500:
            self.failures.add(f"{method} {address}")
        return status != 405

    def is_refused(self, method: str, address: str) -> bool:
        from django.conf import settings
        from django.shortcuts import resolve_url

        status, location = self._ask(self.nobody, method, address)
        return status in (401, 403) or (status == 302 and location.startswith(resolve_url(settings.LOGIN_URL)))

    def _ask(self, client: Any, method: str, address: str) -> tuple[int, str]:
        from django.db import transaction

        cookies = client.cookies.copy()
        with transaction.atomic():
            response = client.generic(method, address, content_type="application/json", data="{}")
            transaction.set_rollback(True)
        client.cookies = cookies
        return response.status_code, response.headers.get("Location", "")


# Requests need arguments, and objects behind them

IDENTIFIER = uuid.UUID(int=1)
ARGUMENTS = ("1", str(IDENTIFIER), "AB-123", "2024", "01", "probe")


def addresses(patterns: Sequence[Any]) -> Iterator[str]:
    """Every address below these patterns that `ARGUMENTS` can make."""
    for parts in itertools.product(*(list(examples(pattern)) for pattern in patterns)):
        yield "/" + "".join(parts)


def examples(pattern: Any) -> Iterator[str]:
    from django.utils.regex_helper import normalize

    if is_regex(pattern):
        text, names = normalize(str(pattern))[0]
    else:
        text, names = re.subn(r"<(?:[^>:]+:)?(\w+)>", r"%(\1)s", str(pattern))[0], list(pattern.converters)
    for values in itertools.product(ARGUMENTS, repeat=len(names)):
        example = text % dict(zip(names, values, strict=True))
        if (match := pattern.match(example)) and not match[0]:
            yield example


def fill_tables() -> None:
    """One row in every table, with values that `ARGUMENTS` find again."""
    from django.apps import apps
    from django.db import Error, transaction

    for model in apps.get_models():
        with contextlib.suppress(Error), transaction.atomic():
            row_of(model, ())


def row_of(model: Any, below: tuple[Any, ...]) -> Any:
    """The first row of the table, made if need be. `below` are the rows that wait for this one."""
    meta = model._meta.concrete_model._meta
    if found := meta.base_manager.first():
        return found
    if not meta.managed or model in below:
        return None
    row = meta.model()
    for parent, link in meta.parents.items():
        row.__dict__.update({**row_of(parent, (*below, model)).__dict__, "_state": row._state})
        setattr(row, link.attname, row.pk)
    for field in meta.local_concrete_fields:
        if field.remote_field and field not in meta.parents.values():
            related = row_of(field.remote_field.model, (*below, model))
            setattr(row, field.attname, related and getattr(related, field.target_field.attname))
        elif not field.remote_field:
            setattr(row, field.attname, value_of(field))
    row.save_base(raw=True)
    return row


def value_of(field: Any) -> Any:
    kind = field.get_internal_type()
    if kind == "UUIDField":
        return IDENTIFIER
    if kind in MOMENTS:
        return None if field.null else MOMENTS[kind]
    if field.has_default():
        return field.get_default()
    if field.choices:
        return field.flatchoices[0][0]
    return VALUES.get(kind, "1")


MIDNIGHT = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
MOMENTS = {"DateTimeField": MIDNIGHT, "DateField": MIDNIGHT.date(), "TimeField": MIDNIGHT.time()}
VALUES = {
    "BinaryField": b"1",
    "BooleanField": True,
    "DecimalField": decimal.Decimal(1),
    "DurationField": datetime.timedelta(days=1),
    "GenericIPAddressField": "127.0.0.1",
    "JSONField": {},
}


# Tables


def model_row(model: Any, project: Project) -> dict[str, Any]:
    meta = model._meta
    fields = meta.local_concrete_fields
    uniques = [[field.column] for field in fields if field.unique and not field.primary_key]
    uniques += [columns_of(meta, names) for names in meta.unique_together]
    uniques += [columns_of(meta, constraint.fields) for constraint in meta.total_unique_constraints]
    indexes = [[field.column] for field in fields if field.db_index and not field.unique]
    indexes += [columns_of(meta, index.fields) for index in meta.indexes if index.fields and not index.condition]
    return {
        "name": model.__name__,
        "class": project.named(model),
        "table": meta.db_table,
        "managed": meta.managed,
        "auto_created": bool(meta.auto_created),
        "columns": [column_row(field, indexes, uniques) for field in sorted(fields, key=lambda field: field.column)],
        "indexes": [{"columns": columns, "unique": False} for columns in sorted(indexes)],
        "uniques": sorted(uniques),
    }


def column_row(field: Any, indexes: list[list[str]], uniques: list[list[str]]) -> dict[str, Any]:
    target = field.remote_field and field.target_field
    return {
        "name": field.column,
        "attribute": field.name,
        "type": field.get_internal_type(),
        "nullable": field.null,
        "primary_key": field.primary_key,
        "unique": [field.column] in uniques,
        "index": any(columns[0] == field.column for columns in indexes),
        "foreign_key": f"{target.model._meta.db_table}.{target.column}" if target else None,
    }


def columns_of(meta: Any, names: Iterable[str]) -> list[str]:
    return [meta.get_field(name.lstrip("-")).column for name in names]


if __name__ == "__main__":
    main(*sys.argv[1:])
