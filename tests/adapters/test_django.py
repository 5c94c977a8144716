from __future__ import annotations

from functools import cache
from textwrap import dedent
from typing import Any

import pytest

from backend_lint import adapters
from backend_lint.core import Role
from backend_lint.discover import module_name, roots
from backend_lint.facts.lower import lower
from backend_lint.project import Project, link
from backend_lint.project.model import Route
from backend_lint.source import Source, parse
from tests.adapters.test_truth_django import APPS, truth
from tests.reading import project

METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")
SETTINGS = """
    ROOT_URLCONF = "urls"
    INSTALLED_APPS = ["django.contrib.auth", "rest_framework"]
"""


@cache
def app(name: str) -> Project:
    """A sample application, read the way a run reads it."""
    top = APPS / name
    facts = {}
    for file in sorted(top.rglob("*.py")):
        parsed = parse(file.relative_to(top).as_posix(), file.read_bytes())
        assert isinstance(parsed, Source)
        facts[parsed.path] = lower(parsed)
    imports = [(path, each.module) for path, found in facts.items() for each in found.imports if each.level == 0]
    base = roots(facts, imports)
    found = link((path, module_name(path, base), Role.APP, each) for path, each in facts.items())
    adapters.read(found)
    return found


def operations(rows: list[dict[str, Any]]) -> list[str]:
    """Every method at every path, with its handler; those that are guarded end in an asterisk."""
    return sorted(
        f"{method} {row['path']} {row['handler']}" + "*" * row["guarded"]
        for row in rows
        for method in (METHODS if row["methods"] == ["*"] else row["methods"])
    )


def read_operations(found: Project) -> list[str]:
    return operations(
        [
            {
                "path": each.path,
                "methods": list(each.methods),
                "handler": each.handler_name,
                "guarded": each.is_guarded,
            }
            for each in found.routes
        ]
    )


def site(urls: str, **files: str) -> Project:
    """A project of one URL module and other modules."""
    named = {f"{name}.py": text for name, text in files.items()}
    return project({"settings.py": SETTINGS, "urls.py": dedent(urls), **named})


def routes(urls: str, **files: str) -> list[str]:
    """Methods, path and handler of every route, with the names of its guards."""
    return [shown(each) for each in site(urls, **files).routes]


def shown(route: Route) -> str:
    guards = [each.name for each in route.guards if each.kind.value in ("authentication", "authorization")]
    return f"{','.join(route.methods)} {route.path} {route.handler_name}" + (
        f" [{', '.join(guards)}]" if guards else ""
    )


@pytest.mark.parametrize("name", ["django_shop", "drf_shop"])
def test_routes_and_guards_are_those_of_the_running_application(name: str) -> None:
    assert read_operations(app(name)) == operations(truth(name)["routes"])


# Addresses

PAGES = """
    from django.views import View

    def home(request): ...
    def page(request, **kwargs): ...
    class Shop(View):
        def get(self, request): ...
"""


def test_includes_nest_as_modules_lists_and_tuples() -> None:
    found = routes(
        """
        from django.urls import include, path
        import pages

        inner = ([path("leaf/", pages.page, name="leaf")], "inner")
        urlpatterns = [
            path("module/", include("more")),
            path("list/", include([path("leaf/", pages.page)])),
            path("tuple/", include(inner, namespace="outer")),
        ]
        """,
        more="from django.urls import path\nimport pages\nurlpatterns = [path('<int:pk>/', pages.page)]",
        pages=PAGES,
    )
    assert found == [
        "* /module/{pk}/ pages.page",
        "* /list/leaf/ pages.page",
        "* /tuple/leaf/ pages.page",
    ]


def test_names_carry_their_namespaces() -> None:
    found = site(
        """
        from django.urls import include, path
        urlpatterns = [path("a/", include("more")), path("b/", include(("more", "other"), namespace="second"))]
        """,
        more="from django.urls import path\nimport pages\napp_name = 'first'\nurlpatterns = [path('', pages.home, name='home')]",
        pages=PAGES,
    )
    assert [each.name for each in found.routes] == ["first:home", "second:home"]


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        (r"^articles/(?P<year>[0-9]{4})/$", "/articles/{year}/"),
        (r"^articles/(\d+)/$", "/articles/{var}/"),
        (r"^articles(?:\.html)?/?$", "/articles.html/"),
        (r"^(?P<slug>[-\w()]+)\.pdf\Z", "/{slug}.pdf"),
        (r"^a/(?P<outer>b(?P<inner>c))/$", "/a/{outer}/"),
        (r"^files/(?P<path>.*)$", "/files/{path}"),
        (r"^x{2}/(?!secret)(?i:y)/$", "/x/y/"),
        (r"^$", "/"),
    ],
)
def test_regular_expressions_become_paths(pattern: str, path: str) -> None:
    urls = f"from django.urls import re_path\nimport pages\nurlpatterns = [re_path(r'{pattern}', pages.page)]"
    assert [each.path for each in site(urls, pages=PAGES).routes] == [path]


def test_a_part_that_cannot_be_told_keeps_its_name_where_it_alone_tells_paths_apart() -> None:
    urls = """
        import os
        from django.urls import re_path
        import pages
        MEDIA = os.environ["MEDIA"]
        urlpatterns = [
            re_path(r"^{}/(?P<path>.*)$".format(MEDIA.strip("/")), pages.page),
            re_path(r"^{}orders$".format(MEDIA), pages.page),
        ]
    """
    assert [each.path for each in site(urls, pages=PAGES).routes] == ["/MEDIA/{path}", "/orders"]


def test_patterns_may_come_from_loops_functions_and_other_lists() -> None:
    found = routes(
        """
        from django.conf import settings
        from django.urls import path
        import pages

        def pair(name):
            return [path(f"{name}/", pages.home), path(f"{name}/<slug:slug>/", pages.page)]

        urlpatterns = pair("a")
        urlpatterns += [path(f"{name}/", pages.home) for name in ("b", "c")]
        for name in ["d"]:
            urlpatterns.append(path(name, pages.home))
        if settings.DEBUG:
            urlpatterns = [path("debug/", pages.home), *urlpatterns]
        """,
        pages=PAGES,
    )
    assert [each.split()[1] for each in found] == ["/debug/", "/a/", "/a/{slug}/", "/b/", "/c/", "/d"]


def test_both_branches_of_a_condition_on_settings_count() -> None:
    found = routes(
        """
        from django.conf import settings
        from django.urls import path
        import pages

        if settings.SINGLE:
            urlpatterns = [path("one/", pages.home)]
        else:
            urlpatterns = [path("two/", pages.home)]
        urlpatterns += [path("three/", pages.home)]
        """,
        pages=PAGES,
    )
    assert [each.split()[1] for each in found] == ["/one/", "/two/", "/three/"]


def test_a_prefix_may_be_a_setting() -> None:
    urls = """
        from django.conf import settings
        from django.urls import include, path
        import pages

        urlpatterns = [path(f"{settings.PREFIX}shop/", include([path("", pages.home)]))]
    """
    files = {"settings.py": SETTINGS + '    PREFIX = "app/"\n', "urls.py": urls, "pages.py": PAGES}
    assert [each.path for each in project(files).routes] == ["/app/shop/"]


def test_translated_patterns_stand_below_the_language() -> None:
    urls = """
        from django.conf.urls.i18n import i18n_patterns
        from django.urls import path
        from django.utils.translation import gettext_lazy as _
        import pages

        urlpatterns = i18n_patterns(path(_("about/"), pages.home))
        urlpatterns += i18n_patterns(path("plain/", pages.home), prefix_default_language=False)
    """
    files = {"settings.py": SETTINGS + '    LANGUAGE_CODE = "cs"\n', "urls.py": urls, "pages.py": PAGES}
    assert [each.path for each in project(files).routes] == ["/cs/about/", "/plain/"]


def test_what_libraries_register_is_left_out() -> None:
    found = routes(
        """
        from django.conf.urls.static import static
        from django.contrib import admin
        from django.urls import include, path
        import pages

        urlpatterns = [
            path("admin/", admin.site.urls),
            path("auth/", include("django.contrib.auth.urls")),
            path("home/", pages.home),
        ] + static("/media/", document_root="media")
        """,
        pages=PAGES,
    )
    assert found == ["* /home/ pages.home"]


def test_without_settings_the_modules_that_none_includes_are_roots() -> None:
    files = {
        "shop/urls.py": "from django.urls import include, path\nurlpatterns = [path('shop/', include('shop.api'))]",
        "shop/api.py": "from django.urls import path\nimport pages\nurlpatterns = [path('home/', pages.home)]",
        "pages.py": PAGES,
    }
    assert [each.path for each in project(files).routes] == ["/shop/home/"]


# Methods

VIEWS = """
    from django.http import HttpResponseNotAllowed
    from django.views import View
    from django.views.decorators.http import require_http_methods, require_POST, require_safe
    from django.views.generic import CreateView, RedirectView, TemplateView

    @require_POST
    def post_only(request): ...

    @require_http_methods(["GET", "PUT"])
    def two(request): ...

    def by_hand(request):
        if request.method not in ("GET", "DELETE"):
            return HttpResponseNotAllowed(["GET", "DELETE"])

    class Plain(View):
        http_method_names = ["get", "post"]
        def get(self, request): ...
        def post(self, request): ...
        def delete(self, request): ...

    class Base:
        def patch(self, request): ...

    class Inherited(Base, View): ...

    class Create(CreateView): ...
"""


@pytest.mark.parametrize(
    ("view", "methods"),
    [
        ("views.post_only", ["POST"]),
        ("views.two", ["GET,PUT"]),
        ("views.by_hand", ["DELETE,GET"]),
        ("views.Plain.as_view()", ["GET", "POST"]),
        ("views.Plain.as_view(http_method_names=['delete'])", ["DELETE"]),
        ("views.Inherited.as_view()", ["PATCH"]),
        ("views.Create.as_view()", ["GET", "POST", "PUT"]),
        ("views.TemplateView.as_view(template_name='a.html')", ["GET"]),
        ("lambda request: None", ["*"]),
    ],
)
def test_methods_are_those_that_a_view_answers(view: str, methods: list[str]) -> None:
    urls = f"from django.urls import path\nimport views\nurlpatterns = [path('a/', {view})]"
    assert [",".join(each.methods) for each in site(urls, views=VIEWS).routes] == methods


# Guards


def guarded(view: str, views: str) -> list[str]:
    """Method and guards of a view mounted at one address."""
    urls = (
        f"from django.urls import path\nimport views\nfrom views import *\nurlpatterns = [path('a/<int:pk>/', {view})]"
    )
    return [
        ",".join(each.methods)
        + "".join(
            f" {guard.kind.value}:{guard.name}@{guard.level}" for guard in each.guards if guard.kind.value != "csrf"
        )
        for each in site(urls, views=views).routes
    ]


IMPORTS = """
    import functools
    from django.contrib.auth.decorators import login_required, permission_required, user_passes_test
    from django.contrib.auth.mixins import LoginRequiredMixin, PermissionRequiredMixin, UserPassesTestMixin
    from django.core.exceptions import PermissionDenied
    from django.http import HttpResponse, HttpResponseForbidden, JsonResponse
    from django.shortcuts import get_object_or_404, redirect
    from django.utils.decorators import method_decorator
    from django.views import View
    from django.views.generic import ListView
"""


def test_a_mixin_behind_the_view_guards_nothing() -> None:
    views = (
        IMPORTS
        + """
    class Open(View, LoginRequiredMixin):
        def get(self, request): ...

    class Closed(LoginRequiredMixin, View):
        def get(self, request): ...
    """
    )
    assert guarded("Open.as_view()", views) == ["GET"]
    assert guarded("Closed.as_view()", views) == ["GET authentication:LoginRequiredMixin@class"]


def test_a_dispatch_that_does_not_call_on_opens_what_is_behind() -> None:
    views = (
        IMPORTS
        + """
    class Careless(LoginRequiredMixin, View):
        def dispatch(self, request, *args, **kwargs):
            return View.dispatch(self, request, *args, **kwargs)
        def get(self, request): ...

    class Careful(LoginRequiredMixin, View):
        def dispatch(self, request, *args, **kwargs):
            self.started = True
            return super().dispatch(request, *args, **kwargs)
        def get(self, request): ...
    """
    )
    assert guarded("Careless.as_view()", views) == ["GET"]
    assert guarded("Careful.as_view()", views) == ["GET authentication:LoginRequiredMixin@class"]


def test_a_method_decorator_guards_the_methods_that_it_names() -> None:
    views = (
        IMPORTS
        + """
    @method_decorator(login_required, name="post")
    class OnClass(View):
        def get(self, request): ...
        def post(self, request): ...

    class OnMethod(View):
        @method_decorator([permission_required("shop.sell", raise_exception=True)])
        def post(self, request): ...
        def get(self, request): ...

    @method_decorator(login_required, name="dispatch")
    class OnDispatch(View):
        def get(self, request): ...

    class Inherits(OnDispatch):
        def delete(self, request): ...
    """
    )
    assert guarded("OnClass.as_view()", views) == ["GET", "POST authentication:login_required@class"]
    assert guarded("OnMethod.as_view()", views) == ["GET", "POST authorization:permission_required@route"]
    assert guarded("OnDispatch.as_view()", views) == ["GET authentication:login_required@class"]
    assert guarded("Inherits.as_view()", views) == [
        "DELETE authentication:login_required@class",
        "GET authentication:login_required@class",
    ]


def test_a_test_of_the_user_is_followed() -> None:
    views = (
        IMPORTS
        + """
    @user_passes_test(lambda user: user.is_staff)
    def staff(request): ...

    @user_passes_test(lambda user: user.is_authenticated)
    def members(request): ...

    @user_passes_test(lambda user: True)
    def nobody_is_refused(request): ...

    class Staff(UserPassesTestMixin, View):
        def test_func(self):
            return self.request.user.is_superuser
        def get(self, request): ...

    class Everybody(UserPassesTestMixin, View):
        def test_func(self):
            return self.request.method == "GET" or self.request.user.is_staff
        def get(self, request): ...
        def post(self, request): ...
    """
    )
    assert guarded("staff", views) == ["* authorization:user_passes_test@route"]
    assert guarded("members", views) == ["* authentication:user_passes_test@route"]
    assert guarded("nobody_is_refused", views) == ["*"]
    assert guarded("Staff.as_view()", views) == ["GET authorization:UserPassesTestMixin@class"]
    assert guarded("Everybody.as_view()", views) == ["GET", "POST authorization:UserPassesTestMixin@class"]


def test_decorators_are_known_by_what_they_do_with_and_without_wraps() -> None:
    views = (
        IMPORTS
        + """
    def bare(view):
        def inner(request, *args, **kwargs):
            if not request.user.is_staff:
                return HttpResponseForbidden()
            return view(request, *args, **kwargs)
        return inner

    def with_key(header):
        def decorator(view):
            @functools.wraps(view)
            def inner(request, *args, **kwargs):
                if request.headers.get(header) != "secret":
                    return JsonResponse({}, status=401)
                return view(request, *args, **kwargs)
            return inner
        return decorator

    class Counting:
        def __init__(self, view):
            self.view = view
        def __call__(self, request, *args, **kwargs):
            return self.view(request, *args, **kwargs)

    members_only = user_passes_test(lambda user: user.is_authenticated)

    @bare
    def a(request): ...

    @with_key("X-Api-Key")
    def b(request): ...

    @Counting
    def c(request): ...

    @members_only
    def d(request): ...
    """
    )
    assert guarded("a", views) == ["* authorization:bare@route"]
    assert guarded("b", views) == ["* authentication:with_key@route"]
    assert guarded("c", views) == ["*"]
    assert guarded("d", views) == ["* authentication:members_only@route"]


def test_views_may_be_wrapped_where_they_are_registered() -> None:
    views = (
        IMPORTS
        + """
    def page(request): ...
    class Page(View):
        def get(self, request): ...
    """
    )
    assert guarded("login_required(page)", views) == ["* authentication:login_required@url"]
    assert guarded("login_required(views.Page.as_view())", views) == ["GET authentication:login_required@url"]
    assert guarded("permission_required('shop.sell')(page)", views) == ["* authorization:permission_required@url"]


def test_a_handler_may_refuse_by_itself_and_by_method() -> None:
    views = (
        IMPORTS
        + """
    def all_methods(request, pk):
        if not request.user.is_authenticated:
            return redirect("login")

    def writing(request, pk):
        if request.method == "POST" and not request.user.is_staff:
            raise PermissionDenied

    def owned(request, pk):
        order = get_object_or_404(Order, pk=pk)
        if order.owner != request.user:
            raise PermissionDenied

    def closed_for_all(request, pk):
        order = get_object_or_404(Order, pk=pk)
        if order.is_archived:
            raise PermissionDenied

    def checked(request, pk):
        require_staff(request)

    def require_staff(request):
        if not request.user.is_staff:
            raise PermissionDenied

    class Method(View):
        def get(self, request, pk): ...
        def delete(self, request, pk):
            if not self.is_owner(request):
                return HttpResponse(status=403)
        def is_owner(self, request):
            return request.user.pk == self.kwargs["pk"]
    """
    )
    assert guarded("all_methods", views) == ["* authentication:all_methods@handler"]
    assert guarded("writing", views) == ["DELETE,GET,PATCH,PUT", "POST authorization:writing@handler"]
    assert guarded("owned", views) == ["* authorization:owned@handler"]
    assert guarded("closed_for_all", views) == ["*"]
    assert guarded("checked", views) == ["* authorization:checked@handler"]
    assert guarded("Method.as_view()", views) == ["DELETE authorization:delete@handler", "GET"]


def test_what_sends_everybody_to_the_login_guards_nobody() -> None:
    views = (
        IMPORTS
        + """
    def logout(request, pk):
        return redirect("login")
    """
    )
    assert guarded("logout", views) == ["*"]
