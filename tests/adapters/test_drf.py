from __future__ import annotations

import pytest

from tests.adapters.test_django import guarded, routes, site

IMPORTS = """
    from rest_framework import generics, mixins, permissions, routers, serializers, viewsets
    from rest_framework.decorators import action, api_view, permission_classes
    from rest_framework.permissions import *
    from rest_framework.views import APIView
"""
SETS = (
    IMPORTS
    + """
    class Books(viewsets.ModelViewSet):
        lookup_field = "slug"

        @action(detail=True, methods=["post"])
        def lend(self, request, slug=None): ...

        @lend.mapping.delete
        def take_back(self, request, slug=None): ...

        @action(detail=False, url_path="best/(?P<year>[0-9]+)")
        def best(self, request, year=None): ...

    class Authors(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
        lookup_url_kwarg = "author_id"
        http_method_names = ["get"]

        def create(self, request): ...
"""
)
ROUTED = """
    from django.urls import include, path
    from rest_framework import routers
    from sets import Authors, Books

    router = routers.{router}
    {register}
    urlpatterns = [path("api/", include(router.urls))]
"""


def registered(register: str, router: str = "SimpleRouter()") -> list[str]:
    found = routes(ROUTED.format(register=register, router=router), sets=SETS)
    return [" ".join(each.split()[:2]) for each in found]


def test_a_router_makes_an_address_for_each_action_that_the_view_set_has() -> None:
    assert registered("router.register('books', Books)") == [
        "GET /api/books/",
        "POST /api/books/",
        "GET /api/books/best/{year}/",
        "DELETE /api/books/{slug}/",
        "GET /api/books/{slug}/",
        "PATCH /api/books/{slug}/",
        "PUT /api/books/{slug}/",
        "DELETE /api/books/{slug}/lend/",
        "POST /api/books/{slug}/lend/",
    ]
    assert registered("router.register('authors', Authors)") == ["GET /api/authors/", "GET /api/authors/{author_id}/"]


def test_registration_may_stand_in_a_loop() -> None:
    loop = "for prefix, view in {'a': Authors, 'b': Authors}.items():\n        router.register(prefix, view, basename=prefix)"
    assert registered(loop) == ["GET /api/a/", "GET /api/a/{author_id}/", "GET /api/b/", "GET /api/b/{author_id}/"]


def test_the_root_view_is_no_route_and_a_slash_may_be_left_out() -> None:
    assert registered("router.register('authors', Authors)", "DefaultRouter(trailing_slash=False)") == [
        "GET /api/authors",
        "GET /api/authors/{author_id}",
    ]


def test_routers_may_be_nested_and_take_over_registries() -> None:
    found = routes(
        """
        from django.urls import include, path
        from rest_framework_nested import routers
        from sets import Authors, Books

        class Extending(routers.SimpleRouter):
            def extend(self, router):
                self.registry.extend(router.registry)

        inner = routers.SimpleRouter()
        inner.register("authors", Authors)
        router = Extending()
        router.register("books", Books)
        router.extend(inner)
        nested = routers.NestedSimpleRouter(router, "books", lookup="book")
        nested.register("authors", Authors)
        urlpatterns = [path("", include(router.urls)), path("", include(nested.urls))]
        """,
        sets=SETS,
    )
    paths = [each.split()[1] for each in found]
    assert [path for path in paths if "authors" in path] == [
        "/authors/",
        "/authors/{author_id}/",
        "/books/{book_slug}/authors/",
        "/books/{book_slug}/authors/{author_id}/",
    ]


def test_a_view_set_may_be_mounted_by_hand_with_suffix_patterns() -> None:
    found = routes(
        """
        from django.urls import path
        from rest_framework.urlpatterns import format_suffix_patterns
        from sets import Books

        urlpatterns = format_suffix_patterns([path("books/", Books.as_view({"get": "list", "put": "lend"}))])
        """,
        sets=SETS,
    )
    assert found == ["GET /books/ sets.Books.list", "PUT /books/ sets.Books.lend"]


def permitted(body: str, *, view: str = "V.as_view()", more: str = "", settings: str = "") -> list[str]:
    classes = (
        IMPORTS
        + more
        + f"""
    class V(APIView):
        {body}
        def get(self, request, pk): ...
        def post(self, request, pk): ...
"""
    )
    return guarded(view, classes)


@pytest.mark.parametrize(
    ("permissions", "expected"),
    [
        ("[AllowAny]", ["GET", "POST"]),
        ("[]", ["GET", "POST"]),
        ("[IsAuthenticated]", ["GET authentication:IsAuthenticated@class", "POST authentication:IsAuthenticated@class"]),
        ("(IsAdminUser,)", ["GET authorization:IsAdminUser@class", "POST authorization:IsAdminUser@class"]),
        ("[IsAuthenticatedOrReadOnly]", ["GET", "POST authentication:IsAuthenticatedOrReadOnly@class"]),
        ("[DjangoModelPermissionsOrAnonReadOnly]", ["GET", "POST authorization:DjangoModelPermissionsOrAnonReadOnly@class"]),
        ("[IsAdminUser | ReadOnly]", ["GET", "POST authorization:IsAdminUser | ReadOnly@class"]),
        ("[AllowAny & IsAuthenticated]", [f"{each} authentication:AllowAny | IsAuthenticated@class" for each in ("GET", "POST")]),
        ("[~IsAuthenticated]", ["GET", "POST"]),
        ("[AlwaysYes]", ["GET", "POST"]),
        ("[Unknown]", ["GET authorization:Unknown@class", "POST authorization:Unknown@class"]),
        ("Unknown.defaults()", ["GET authorization:defaults@class", "POST authorization:defaults@class"]),
    ],
)  # fmt: skip
def test_permission_classes_are_judged_by_what_they_answer(permissions: str, expected: list[str]) -> None:
    own = """
    from elsewhere import Unknown

    class ReadOnly(BasePermission):
        def has_permission(self, request, view):
            return request.method in SAFE_METHODS

    class AlwaysYes(BasePermission):
        def has_permission(self, request, view):
            return True
    """
    assert permitted(f"permission_classes = {permissions}", more=own) == expected


def test_a_patch_is_guarded_by_the_update_that_it_calls() -> None:
    views = (
        IMPORTS
        + """
    from rest_framework.exceptions import PermissionDenied

    class Notes(viewsets.ModelViewSet):
        permission_classes = []

        def update(self, request, *args, **kwargs):
            if not request.user.is_superuser:
                raise PermissionDenied
            return super().update(request, *args, **kwargs)
    """
    )
    urls = ROUTED.replace("Authors, Books", "Notes").format(
        router="SimpleRouter()", register="router.register('n', Notes)"
    )
    assert [each.methods[0] for each in site(urls, sets=views).routes if each.is_guarded] == ["PATCH", "PUT"]
