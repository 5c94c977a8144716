from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_lint.discover import Import, module_name, roots

FLAT = ("app/__init__.py", "app/models.py", "main.py")
SRC = ("src/shop/__init__.py", "src/shop/api/__init__.py", "src/shop/api/orders.py", "tests/test_orders.py")
TWO = ("orders/app/__init__.py", "orders/app/models.py", "users/app/__init__.py", "users/app/models.py")
NAMESPACE = ("src/acme/shop/__init__.py", "src/acme/mail/__init__.py", "src/acme/mail/smtp.py")
PLAIN = ("app/main.py", "app/models.py", "app/routers/users.py")


def names(paths: tuple[str, ...], *imports: Import) -> list[str]:
    found = roots(paths, imports)
    return [module_name(path, found) for path in paths]


def test_a_package_is_imported_from_beside_it() -> None:
    assert roots(FLAT) == ("",)
    assert names(FLAT) == ["app", "app.models", "main"]


def test_a_src_directory_is_a_root() -> None:
    assert roots(SRC) == ("", "src")
    assert names(SRC) == ["shop", "shop.api", "shop.api.orders", "tests.test_orders"]


def test_packages_below_src_may_share_a_namespace() -> None:
    assert names(NAMESPACE) == ["acme.shop", "acme.mail", "acme.mail.smtp"]


def test_two_applications_in_one_tree_have_a_root_each() -> None:
    assert roots(TWO) == ("orders", "users")


def test_without_packages_names_start_at_the_top() -> None:
    assert names(PLAIN) == ["app.main", "app.models", "app.routers.users"]


def test_a_directory_that_no_import_can_name_is_a_root() -> None:
    assert names(("my-service/main.py", "my-service/api/users.py")) == ["main", "api.users"]


def test_a_directory_inside_a_package_belongs_to_it_without_an_init_file() -> None:
    assert names(("app/__init__.py", "app/sql/queries.py")) == ["app", "app.sql.queries"]


def test_src_may_be_a_package_itself() -> None:
    assert names(("src/__init__.py", "src/models.py")) == ["src", "src.models"]


@pytest.mark.parametrize(
    ("paths", "imports", "expected"),
    [
        (PLAIN, [("app/main.py", "models"), ("app/main.py", "routers.users")], ["main", "models", "routers.users"]),
        (PLAIN, [("app/main.py", "app.models")], ["app.main", "app.models", "app.routers.users"]),
        (PLAIN, [("app/main.py", "fastapi"), ("app/main.py", "logging")], ["app.main", "app.models", "app.routers.users"]),
        (("src/main.py", "src/models.py"), [("src/main.py", "src.models")], ["src.main", "src.models"]),
        (("src/main.py", "src/models.py"), [], ["main", "models"]),
        (("ns/shop/__init__.py", "ns/shop/a.py"), [("main.py", "ns.shop.a")], ["ns.shop", "ns.shop.a"]),
        (
            ("site/__init__.py", "site/main.py", "site/models.py", "site/views.py"),
            [("site/main.py", "models"), ("site/main.py", "views")],
            ["site", "main", "models", "views"],
        ),
        (
            ("shop/__init__.py", "shop/core/models.py", "shop/core/mail.py", "shop/run.py"),
            [("shop/run.py", "shop.core.models"), ("shop/core/mail.py", "core.models"), ("shop/run.py", "core.mail")],
            ["shop", "core.models", "core.mail", "run"],
        ),
        (
            ("demos/__init__.py", "demos/a/pa/__init__.py", "demos/a/pa/db.py", "demos/b/pb/__init__.py", "demos/b/pb/db.py"),
            [("demos/a/pa/db.py", "pa"), ("demos/a/run.py", "pa.db"), ("demos/b/pb/db.py", "pb"), ("demos/b/run.py", "pb.db")],
            ["demos", "pa", "pa.db", "pb", "pb.db"],
        ),
        (
            ("site/__init__.py", "site/redis.py", "site/celery.py"),
            [("site/redis.py", "redis"), ("site/celery.py", "celery"), ("site/celery.py", "redis")],
            ["site", "site.redis", "site.celery"],
        ),
    ],
)  # fmt: skip
def test_imports_are_stronger_evidence_than_layout(
    paths: tuple[str, ...], imports: list[Import], expected: list[str]
) -> None:
    assert names(paths, *imports) == expected


def test_a_stub_is_named_like_its_module() -> None:
    assert module_name("src/shop/api.pyi", ("", "src")) == "shop.api"


steps = st.sampled_from(["app", "api", "src", "my-site", "tests"])
files = st.builds(
    lambda directories, name: "/".join([*directories, name]),
    st.lists(steps, max_size=3),
    st.sampled_from(["__init__.py", "models.py", "main.py"]),
)


@given(st.sets(files, min_size=1))
def test_every_file_is_below_a_root_and_packages_are_never_split(paths: set[str]) -> None:
    found = roots(paths)
    packages = {path.removesuffix("/__init__.py") for path in paths if path.endswith("/__init__.py")}
    assert not packages & set(found)
    assert all(any(not root or path.startswith(f"{root}/") for root in found) for path in paths)
    assert roots(sorted(paths, reverse=True)) == found
