"""Queries of Peewee, Tortoise ORM, mongoengine, Beanie and MongoDB's own clients, as the code writes them."""

from __future__ import annotations

import textwrap

from backend_lint.project.model import Query
from tests.reading import project


def told(models: str, code: str) -> list[str]:
    """Each query in a line: what it does, to which model, what it asks for, what it writes, what is known besides."""
    found = project({"models.py": textwrap.dedent(models), "app.py": textwrap.dedent(code)})
    return [_line(query, (query.model or "?").rpartition(".")[2]) for query in found.queries]


def _line(query: Query, model: str) -> str:
    parts = [query.operation, model]
    parts += [f"{use.column}{use.operator}" for use in query.filters]
    parts += [f"by:{use.column}" for use in query.orders]
    parts += [f"{name}=" for name in query.values]
    parts += [f"with:{path}" for path in query.eager]
    parts += [word for word, is_so in _facts(query).items() if is_so]
    return " ".join(parts)


def _facts(query: Query) -> dict[str, bool]:
    return {
        "one": query.is_single,
        "raises": query.raises,
        "locked": query.is_locked,
        "limited": query.limit is not None,
        "figure": query.is_aggregate,
        "async": query.is_async,
        "loop": query.loop,
        "lazy": query.is_lazy,
        "unknown": query.has_unknown_filters,
    }


PEEWEE = """
    from peewee import CharField, ForeignKeyField, IntegerField, Model, SqliteDatabase

    db = SqliteDatabase("shop.db")

    class Base(Model):
        class Meta:
            database = db

    class Customer(Base):
        email = CharField()

    class Order(Base):
        customer = ForeignKeyField(Customer, backref="orders")
        total = IntegerField()
"""


def test_peewee_asks_with_expressions_of_columns() -> None:
    code = """
        from models import Customer, Order

        def find(email, least):
            one = Customer.get(Customer.email == email)
            none = Customer.get_or_none(Customer.email == email)
            for order in Order.select().where(Order.customer == one, Order.total > least).order_by(-Order.total):
                print(order.total)
            number = Order.select().where((Order.total == 1) | (Order.total == 2)).count()
            first = Order.select(Order, Customer).join(Customer).where(Customer.email == email).limit(1).first()
            return [order for order in one.orders]
    """
    assert told(PEEWEE, code) == [
        "select Customer email== one raises",
        "select Customer email== one",
        "select Order customer_id== total> by:total",
        "count Order total== total==",
        "select Order email== with:customer one limited",
    ]


def test_peewee_writes() -> None:
    code = """
        from models import Customer, Order

        def change(rows, customer):
            for row in rows:
                Order.create(customer=customer, total=row)
            Order.update(total=0).where(Order.customer == customer).execute()
            Order.delete().where(Order.total == 0).execute()
            Order.insert_many(rows).execute()
            order = Order(customer=customer, total=1)
            order.save()
            known = Order.get_by_id(1)
            known.total = 2
            known.save()
            known.delete_instance()
            Customer.get_or_create(email="a@example.com")
    """
    assert told(PEEWEE, code) == [
        "insert Order customer= total= loop",
        "update Order customer_id== total=",
        "delete Order total==",
        "insert Order",
        "insert Order customer= total= one",
        "select Order id== one raises",
        "update Order id== one",
        "delete Order id== one",
        "insert Customer email== email= one",
    ]


TORTOISE = """
    from tortoise import fields
    from tortoise.models import Model

    class Company(Model):
        name = fields.CharField(max_length=40)

    class Member(Model):
        company = fields.ForeignKeyField("models.Company", related_name="members")
        email = fields.CharField(max_length=80, unique=True)
"""


def test_tortoise_asks_with_lookups() -> None:
    code = """
        from models import Company, Member

        async def find(email, name):
            one = await Member.get(email=email).prefetch_related("company")
            some = await Member.filter(company__name__icontains=name).order_by("email").limit(5)
            number = await Member.all().count()
            first = await Member.filter(company_id=1).first()
            async for each in Member.exclude(email=email):
                print(each.email)
            if await Member.exists(email=email):
                return None
            return await Company.all()
    """
    assert told(TORTOISE, code) == [
        "select Member email== with:company one raises async",
        "select Member nameicontains by:email limited async",
        "count Member async",
        "select Member company_id== one async",
        "select Member email!= async",
        "exists Member email== async",
        "select Company async",
    ]


def test_tortoise_writes() -> None:
    code = """
        from models import Member

        async def change(company, rows):
            member = await Member.create(company=company, email="a")
            await Member.filter(email="a").update(email="b")
            await Member.filter(email="c").delete()
            member.email = "d"
            await member.save()
            await Member.bulk_create([Member(email=row) for row in rows])
    """
    assert told(TORTOISE, code) == [
        "insert Member company= email= async",
        "update Member email== email= async",
        "delete Member email== async",
        "update Member id== one async",
        "insert Member async",
    ]


MONGOENGINE = """
    from mongoengine import Document, IntField, ReferenceField, StringField

    class Author(Document):
        email = StringField(unique=True)

    class Post(Document):
        author = ReferenceField(Author)
        views = IntField()
"""


def test_mongoengine_asks_by_keywords() -> None:
    code = """
        from models import Author, Post

        def find(email, post_id):
            author = Author.objects.get(email=email)
            for post in Post.objects(author=author, views__gt=3).order_by("-views"):
                print(post.views)
            number = Post.objects.filter(author=author).count()
            first = Post.objects(pk=post_id).first()
            Post.objects(author=author).update(set__views=0)
            Post(author=author).save()
            first.delete()
    """
    assert told(MONGOENGINE, code) == [
        "select Author email== one raises",
        "select Post author== views> by:views",
        "count Post author==",
        "select Post _id== one",
        "update Post author== views=",
        "insert Post author= one",
        "delete Post _id== one",
    ]


BEANIE = """
    from beanie import Document, Indexed

    class User(Document):
        email: Indexed(str, unique=True)
        age: int
"""


def test_beanie_asks_with_expressions_and_documents() -> None:
    code = """
        from models import User

        async def find(email, key):
            one = await User.find_one(User.email == email)
            other = await User.find_one({"email": email})
            some = await User.find(User.age > 17, {"email": {"$ne": email}}).sort("-age").limit(3).to_list()
            number = await User.find(User.age == 3).count()
            known = await User.get(key)
            await User(email=email, age=1).insert()
            known.age = 2
            await known.save()
            await known.delete()
            await User.find(User.age == 1).update({"$set": {"age": 2}})
    """
    assert told(BEANIE, code) == [
        "select User email== one async",
        "select User email== one async",
        "select User age> email!= by:age limited async",
        "count User age== async",
        "select User _id== one async",
        "insert User email= age= one async",
        "update User _id== one async",
        "delete User _id== one async",
        "update User age== age= async",
    ]


def test_collections_of_pymongo_are_found_through_variables_and_functions() -> None:
    models = """
        from pymongo import MongoClient

        client = MongoClient("mongodb://db")
        db = client["shop"]
        users = db.users
        users.create_index([("email", 1)], unique=True)

        def database():
            return client.get_database("shop")
    """
    code = """
        from models import database, db, users

        class Orders:
            def __init__(self):
                self.rows = db["orders"]

            def open(self, user):
                return list(self.rows.find({"user": user, "state": {"$in": ["new", "paid"]}}).sort("day", -1).limit(9))

        def find(email):
            one = users.find_one({"email": email})
            number = database().visits.count_documents({"email": email})
            db.visits.insert_one({"email": email, "at": 1})
            db.visits.update_many({"email": email}, {"$set": {"at": 2}})
            db.visits.delete_one({"at": 2})
            "text".find("t")
            return one
    """
    assert told(models, code) == [
        "select orders user== statein by:day",
        "select users email== one",
        "count visits email==",
        "insert visits email= at=",
        "update visits email== at=",
        "delete visits at== one",
    ]


def test_motor_s_collections_are_asked_in_the_event_loop() -> None:
    models = """
        from motor.motor_asyncio import AsyncIOMotorClient

        client = AsyncIOMotorClient()

        def get_db():
            return client.shop
    """
    code = """
        from fastapi import Depends, FastAPI
        from models import get_db

        app = FastAPI()

        @app.get("/users/{email}")
        async def user(email: str, db=Depends(get_db)):
            rows = await db.users.find({"email": email}).to_list(10)
            return await db.users.find_one({"email": email})
    """
    assert told(models, code) == ["select users email== async", "select users email== one async"]
