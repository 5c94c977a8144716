"""Transactions: where one is open, and what runs inside."""

from __future__ import annotations

from textwrap import dedent

from tests.reading import project

MODELS = """
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker
from contextlib import contextmanager

engine = create_engine("sqlite://")
Factory = sessionmaker(engine)
app = FastAPI()

class Base(DeclarativeBase):
    pass

class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str]

def before(): ...
def inside(): ...
def after(): ...
"""
DJANGO = """
from django.db import transaction
from django.utils.decorators import method_decorator

def before(): ...
def inside(): ...
def after(): ...
"""


def sqlalchemy(body: str) -> list[str]:
    return transactions(MODELS + dedent(body))


def django(body: str) -> list[str]:
    return transactions(DJANGO + dedent(body))


def transactions(text: str) -> list[str]:
    """`block django: inside`, of each transaction the kind, the library and the calls of the project's functions."""
    found = project({"app.py": text}).transactions
    return [
        f"{each.kind}{' savepoint' if each.is_savepoint else ''} {each.library}: "
        + " ".join(site.name for site in each.calls if site.targets)
        for each in found
    ]


def commits(text: str) -> list[str]:
    return [f"{each.kind} {each.library}" for each in project({"app.py": text}).commits]


def test_a_block_holds_what_stands_in_it() -> None:
    assert django(
        """
        def f():
            before()
            with transaction.atomic():
                inside()
                transaction.on_commit(lambda: after())
            after()
        """
    ) == ["block django: inside"]


def test_a_block_in_a_block_is_a_savepoint() -> None:
    assert django(
        """
        @transaction.atomic
        def f():
            before()
            with transaction.atomic():
                inside()
        """
    ) == ["decorator django: before inside", "block savepoint django: inside"]


def test_a_decorator_on_a_method_counts() -> None:
    assert django(
        """
        class View:
            @method_decorator(transaction.atomic())
            def post(self):
                inside()
        """
    ) == ["decorator django: inside"]


def test_engines_and_sessions_begin_blocks() -> None:
    assert sqlalchemy(
        """
        def f(session: Session):
            with engine.begin() as connection:
                inside()
            with Factory.begin() as s:
                inside()
            with session.begin():
                inside()
                with session.begin_nested():
                    before()
            with Factory() as s:
                after()
        """
    ) == [
        "block sqlalchemy: inside",
        "block sqlalchemy: inside",
        "block sqlalchemy: inside before",
        "block savepoint sqlalchemy: before",
    ]


def test_a_context_manager_that_commits_is_a_block() -> None:
    assert sqlalchemy(
        """
        @contextmanager
        def scope():
            session = Factory()
            try:
                yield session
                session.commit()
            except Exception:
                session.rollback()
                raise

        class Work:
            def __enter__(self):
                self.session = Factory()
                return self

            def __exit__(self, *error):
                self.session.commit()

        def f():
            with scope() as session:
                inside()
            with Work() as work:
                before()
            after()
        """
    ) == ["block sqlalchemy: inside", "block sqlalchemy: before"]


def test_a_decorator_of_the_project_may_open_one() -> None:
    assert sqlalchemy(
        """
        def transactional(function):
            def wrapper(*args):
                with Factory.begin():
                    return function(*args)
            return wrapper

        @transactional
        def f():
            inside()
        """
    ) == ["block sqlalchemy: ", "decorator sqlalchemy: inside"]


def test_a_session_is_in_one_from_its_first_write_to_the_commit() -> None:
    assert sqlalchemy(
        """
        def f(session: Session):
            before()
            session.add(Order(id=1))
            inside()
            session.commit()
            after()
        """
    ) == ["session sqlalchemy: inside"]


def test_a_changed_column_is_a_write() -> None:
    assert sqlalchemy(
        """
        def f(session: Session):
            order = session.get(Order, 1)
            before()
            order.status = "paid"
            inside()
            session.commit()
        """
    ) == ["session sqlalchemy: inside"]


def test_branches_are_told_apart() -> None:
    assert sqlalchemy(
        """
        def f(session: Session, cheap):
            session.add(Order(id=1))
            if cheap:
                session.commit()
                after()
                return
            inside()
            session.commit()
            after()
        """
    ) == ["session sqlalchemy: inside"]


def test_what_is_rolled_back_or_never_committed_is_no_transaction() -> None:
    assert (
        sqlalchemy(
            """
        def f(session: Session):
            session.add(Order(id=1))
            inside()
            session.rollback()

        def g(session: Session):
            session.add(Order(id=1))
            inside()
        """
        )
        == []
    )


def test_writes_and_commits_of_callees_count() -> None:
    assert sqlalchemy(
        """
        def store(session: Session):
            session.add(Order(id=1))
            session.flush()

        def finish(session: Session):
            session.commit()

        def f(session: Session):
            before()
            store(session)
            inside()
            finish(session)
            after()
        """
    ) == ["session sqlalchemy: inside"]


def test_a_dependency_that_commits_keeps_it_open_to_the_end() -> None:
    assert sqlalchemy(
        """
        def get_session():
            session = Factory()
            yield session
            session.commit()

        @app.post("/orders")
        def create(session: Session = Depends(get_session)):
            session.add(Order(id=1))
            inside()
        """
    ) == ["session sqlalchemy: inside"]


def test_commits_and_rollbacks_are_listed() -> None:
    assert commits(
        MODELS
        + dedent(
            """
            import sys
            def f(session: Session, cursor, cache):
                session.flush()
                session.commit()
                sys.stdout.flush()
                cache.flush()
                cursor.connection.rollback()
            """
        )
    ) == ["flush sqlalchemy", "commit sqlalchemy", "rollback dbapi"]


def test_a_branch_that_aborts_the_request_does_not_go_on() -> None:
    assert (
        sqlalchemy(
            """
        from flask import abort

        def f(session: Session):
            session.add(Order(status="new"))
            try:
                session.commit()
            except ValueError:
                abort(409)
            inside()
            session.commit()
        """
        )
        == []
    )
