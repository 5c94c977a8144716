"""Queries: which model, which columns, how many rows, however the statement is put together."""

from __future__ import annotations

from textwrap import dedent

from backend_lint.project.model import ColumnUse, Query
from tests.reading import project

SQLALCHEMY = """
from sqlalchemy import ForeignKey, String, and_, delete, exists, func, or_, select, text, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, aliased, joinedload, mapped_column, relationship, selectinload
from sqlalchemy.ext.asyncio import AsyncSession

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column("e_mail", String(254), unique=True)
    name: Mapped[str]
    active: Mapped[bool]
    orders: Mapped[list["Order"]] = relationship(back_populates="user")

class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    total: Mapped[int]
    user: Mapped[User] = relationship(back_populates="orders")
"""
DJANGO = """
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.shortcuts import get_object_or_404

class Category(models.Model):
    slug = models.SlugField()
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="children")

class ProductQuerySet(models.QuerySet):
    def listed(self):
        return self.filter(status="listed")

class LiveManager(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(deleted=False)

class Product(models.Model):
    sku = models.CharField(max_length=16, unique=True)
    status = models.CharField(max_length=8)
    deleted = models.BooleanField(default=False)
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="products")
    objects = ProductQuerySet.as_manager()
    live = LiveManager()
"""


def sqlalchemy(body: str) -> list[str]:
    return [line(each) for each in found(SQLALCHEMY + dedent(body))]


def django(body: str) -> list[str]:
    return [line(each) for each in found(DJANGO + dedent(body))]


def found(text: str) -> list[Query]:
    return [each for each in project({"shop/__init__.py": "", "shop/models.py": text}).queries if each.scope.name]


def line(query: Query) -> str:
    """`select User where e_mail == order id desc [single]`."""
    model = (query.model or "|".join(each.rpartition(".")[2] for each in query.candidates) or "?").rpartition(".")[2]
    flags = {
        "lazy": query.is_lazy,
        "single": query.is_single,
        "raises": query.raises,
        "unbounded": not query.is_bounded and query.is_read,
        "locked": query.is_locked,
        "async": query.is_async,
        "loop": query.loop,
        "opaque": query.is_opaque,
        "more": query.has_unknown_filters,
        "streamed": query.is_streamed,
    }
    parts = [query.operation, model]
    if query.filters:
        parts += ["where", ", ".join(map(use, query.filters))]
    if query.orders:
        parts += ["order", ", ".join(map(use, query.orders))]
    if query.eager:
        parts += ["eager", ", ".join(query.eager)]
    if query.values:
        parts += ["values", ", ".join(query.values)]
    on = [name for name, is_on in flags.items() if is_on]
    return " ".join(parts) + (f" [{' '.join(on)}]" if on else "")


def use(each: ColumnUse) -> str:
    column = f"{each.path}.{each.column}" if each.path else each.column
    column = f"{each.function}({column})" if each.function else column
    return f"{column} {each.operator}{' or' if each.is_alternative else ''}"


def test_a_select_is_read_where_a_session_executes_it() -> None:
    assert sqlalchemy(
        """
        def by_email(session: Session, email: str):
            return session.scalars(select(User).where(User.email == email).order_by(User.name.desc())).first()
        """
    ) == ["select User where e_mail == order name desc [single]"]


def test_a_statement_grows_in_a_variable_and_under_an_if() -> None:
    assert sqlalchemy(
        """
        def orders(session: Session, user_id=None, limit=None):
            stmt = select(Order).options(joinedload(Order.user).selectinload(User.orders))
            if user_id:
                stmt = stmt.where(Order.user_id == user_id)
            stmt = stmt.limit(limit)
            return session.execute(stmt).scalars().all()
        """
    ) == ["select Order where user_id == eager user.orders"]


def test_conditions_are_taken_apart() -> None:
    assert sqlalchemy(
        """
        def f(session: Session, a, b, ids):
            session.execute(
                select(User.id).where(
                    and_(User.active, ~User.name.like(a)),
                    or_(func.lower(User.email) == a, User.id.in_(ids)),
                    b <= User.id,
                    a.anything(),
                )
            )
        """
    ) == ["select User where active is, name not like, lower(e_mail) == or, id in or, id >= [unbounded more]"]


def test_conditions_collected_in_a_list_count() -> None:
    assert sqlalchemy(
        """
        def f(session: Session, name):
            conditions = [User.active.is_(True)]
            if name:
                conditions.append(User.name == name)
            return session.scalars(select(User).where(*conditions)).all()
        """
    ) == ["select User where active is, name == [unbounded]"]


def test_a_query_object_runs_when_it_is_asked() -> None:
    assert sqlalchemy(
        """
        def f(db: Session, name):
            query = db.query(User).filter_by(name=name)
            total = query.count()
            for user in query.order_by(User.id):
                print(user)
            return query.filter(User.active).one_or_none()
        """
    ) == [
        "count User where name ==",
        "select User where name == order id asc [unbounded]",
        "select User where name ==, active is [single]",
    ]


def test_a_lookup_by_key_asks_for_the_key() -> None:
    assert sqlalchemy(
        """
        async def f(session: AsyncSession, id: int):
            return await session.get(User, id, options=[selectinload(User.orders)])
        """
    ) == ["select User where id == eager orders [single async]"]


def test_a_statement_made_by_a_function_is_that_of_its_execution() -> None:
    assert sqlalchemy(
        """
        def active():
            return select(User).where(User.active)

        def f(session: Session):
            return session.scalars(active().order_by(User.name)).all()
        """
    ) == ["select User where active is [lazy unbounded]", "select User where active is order name asc [unbounded]"]


def test_a_helper_that_adds_to_its_argument_is_followed() -> None:
    assert sqlalchemy(
        """
        def paged(stmt, page):
            return stmt.offset(page * 20).limit(20)

        def f(session: Session):
            return session.scalars(paged(select(User), 2)).all()
        """
    ) == ["select User"]


def test_a_repository_base_asks_for_the_models_of_those_that_inherit() -> None:
    assert sqlalchemy(
        """
        from typing import Generic, TypeVar
        T = TypeVar("T")

        class Repository(Generic[T]):
            model: type[T]

            def __init__(self, session: Session):
                self.session = session

            def first(self, id):
                return self.session.scalar(select(self.model).where(self.model.id == id))

        class Users(Repository[User]):
            model = User

            def named(self, name):
                return self.session.scalars(select(self.model).where(self.model.name == name)).all()

        class Orders(Repository[Order]):
            model = Order
        """
    ) == ["select User|Order where id == [single]", "select User where name == [unbounded]"]


def test_writes_say_what_they_write() -> None:
    assert sqlalchemy(
        """
        def f(session: Session, users):
            session.add(User(name="x", active=True))
            session.execute(update(User).where(User.id == 1).values(name="y"))
            session.query(Order).filter(Order.user_id == 1).delete()
            for user in users:
                order = Order(total=1)
                session.add(order)
        """
    ) == [
        "insert User values name, active",
        "update User where id == values name",
        "delete Order where user_id ==",
        "insert Order values total [loop]",
    ]


def test_figures_are_bounded() -> None:
    assert sqlalchemy(
        """
        def f(session: Session):
            session.scalar(select(func.count()).select_from(User))
            session.scalar(select(func.max(Order.total)))
            inner = select(Order).where(Order.total > 1).subquery()
            session.scalar(select(func.count()).select_from(inner))
            session.scalar(select(exists().where(User.name == "x")))
        """
    ) == [
        "count User [single]",
        "select Order [single]",
        "count Order where total > [single]",
        "exists User where name == [single]",
    ]


def test_joins_name_the_columns_at_both_ends() -> None:
    assert sqlalchemy(
        """
        def f(session: Session):
            buyer = aliased(User)
            session.execute(select(Order).join(buyer, Order.user_id == buyer.id).filter_by(name="x")).all()
        """
    ) == ["select Order where user_id join, id join, name == [unbounded]"]


def test_sql_in_text_names_its_table_and_columns() -> None:
    assert sqlalchemy(
        """
        def f(session: Session, word):
            session.execute(text(f"SELECT o.id FROM orders o JOIN users u ON u.id = o.user_id WHERE u.e_mail = '{word}' LIMIT 5"))
        """
    ) == ["select Order where id ==, e_mail =="]


def test_managers_bring_their_own_conditions() -> None:
    assert (
        django(
            """
        def f():
            return list(Product.live.filter(category__parent__slug__iexact="x").order_by("-sku"))
        """
        )[-1]
        == "select Product where deleted ==, category.parent.slug iexact order sku desc [unbounded]"
    )


def test_methods_of_querysets_are_followed() -> None:
    assert (
        django(
            """
        def f(slug):
            for product in Product.objects.listed().exclude(category__slug=slug).select_related("category__parent"):
                print(product)
        """
        )[-1]
        == "select Product where status ==, category.slug != eager category.parent [unbounded]"
    )


def test_lookups_of_a_row_raise_where_it_is_missing() -> None:
    assert django(
        """
        def f(request, sku):
            a = get_object_or_404(Product, sku=sku, deleted=False)
            b = Product.objects.get(pk=1)
            c = Product.objects.filter(category=a.category).first()
        """
    )[-3:] == [
        "select Product where sku ==, deleted == [single raises]",
        "select Product where id == [single raises]",
        "select Product where category_id == [single]",
    ]


def test_related_managers_ask_for_their_owner() -> None:
    assert django(
        """
        def f(category: Category):
            for child in category.children.all():
                print(child.products.filter(Q(status="a") | ~Q(sku="b")).count())
        """
    )[-2:] == [
        "select Category where parent_id == [unbounded]",
        "count Product where category_id ==, status == or, sku != or [loop]",
    ]


def test_a_view_asks_for_its_queryset() -> None:
    assert django(
        """
        from rest_framework import viewsets

        class Products(viewsets.ModelViewSet):
            queryset = Product.objects.filter(deleted=False)
            lookup_field = "sku"

            def get_queryset(self):
                return super().get_queryset().select_related("category")

            def publish(self, request, sku):
                product = self.get_object()
                product.status = "listed"
                product.save(update_fields=["status"])
        """
    )[-4:] == [
        "select Product where deleted == [lazy unbounded]",
        "select Product where deleted == eager category [lazy unbounded]",
        "select Product where deleted ==, sku == eager category [single raises]",
        "update Product where id == values status [single]",
    ]


def test_lookups_in_a_dictionary_are_read() -> None:
    assert django(
        """
        def f(status, slug):
            lookups = {"status": status}
            if slug:
                lookups["category__slug"] = slug
            return Product.objects.filter(**lookups).exists()
        """
    )[-1:] == ["exists Product where status ==, category.slug == [more]"]


def test_a_row_that_is_made_here_is_inserted_and_else_updated() -> None:
    assert django(
        """
        def f(product: Product):
            fresh = Product(sku="x")
            fresh.save()
            product.save()
            product.delete()
            Product.objects.get_or_create(sku="y", defaults={"status": "new"})
        """
    )[-4:] == [
        "insert Product values sku [single]",
        "update Product where id == [single]",
        "delete Product where id == [single]",
        "insert Product where sku == values sku, status [single]",
    ]


def test_a_queryset_in_a_loop_runs_once_an_iteration() -> None:
    assert django(
        """
        def f(slugs):
            for slug in slugs:
                for product in Product.objects.filter(category__slug=slug):
                    print(product)
            return [Product.objects.get(sku=slug) for slug in slugs]
        """
    )[-2:] == [
        "select Product where category.slug == [unbounded loop]",
        "select Product where sku == [single raises loop]",
    ]


def test_sql_is_known_by_its_words_whoever_executes_it() -> None:
    assert django(
        """
        def f(cursor, sku):
            cursor.execute("UPDATE shop_product SET status = %s WHERE sku = %s", ["x", sku])
            cursor.execute("DROP TABLE nothing")
            cursor.execute(sku)
        """
    )[-2:] == ["update Product where sku ==", "raw ?"]


def test_a_dictionary_is_no_query() -> None:
    assert (
        found(
            """
        def f(session, cache: dict, items: list):
            cache.get("a")
            cache.update(b=1)
            items.count(1)
            session.get("key", None)
            return [each.first() for each in items]
        """
        )
        == []
    )


def test_a_list_of_conditions_may_be_rebuilt_from_itself() -> None:
    found = project(
        {
            "app.py": SQLALCHEMY
            + """
def find(session: Session, name: str, active: bool):
    conditions = [User.name == name]
    conditions = [*conditions, User.active == active]
    return session.scalars(select(User).where(*conditions)).all()
"""
        }
    )
    assert {use.column for use in found.queries[0].filters} == {"name", "active"}


def test_a_queryset_that_a_property_gives_may_ask_for_anything() -> None:
    [asked] = [
        each
        for each in django(
            """
            class Shelf(models.Model):
                room = models.ForeignKey(Category, on_delete=models.CASCADE)

                @property
                def visible(self) -> models.QuerySet[Product]:
                    return Product.objects.filter(category=self.room)

            def first(shelf: Shelf):
                return shelf.visible.order_by("sku").first()
            """
        )
        if "order" in each
    ]
    assert "opaque" in asked
