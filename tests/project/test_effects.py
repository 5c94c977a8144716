"""Effects: what functions do through what they call, and the way there."""

from __future__ import annotations

from backend_lint.project import Project
from backend_lint.project.model.effects import Effect
from tests.reading import project

SHOP = {
    "shop/__init__.py": "",
    "shop/models.py": """
        from sqlalchemy import select
        from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

        class Base(DeclarativeBase):
            pass

        class Order(Base):
            __tablename__ = "orders"
            id: Mapped[int] = mapped_column(primary_key=True)

        def load(session: Session, id):
            return session.get(Order, id)

        def store(session: Session):
            session.add(Order(id=1))
            session.commit()
    """,
    "shop/service.py": """
        import logging
        import time

        import requests
        from fastapi import HTTPException

        from shop.models import load, store

        log = logging.getLogger(__name__)

        def charge(order):
            requests.post("https://pay.example", timeout=3)

        def pay(session, id):
            order = load(session, id)
            if order is None:
                raise HTTPException(status_code=404)
            charge(order)
            store(session)

        def slow():
            time.sleep(1)

        def again(n):
            return again(n - 1) if n else slow()

        def later(pool):
            pool.submit(slow)

        def nothing():
            return len([])
    """,
    "shop/api.py": """
        from shop import service

        def handler(session, id):
            service.pay(session, id)
    """,
}


def effects(name: str) -> set[str]:
    found = shop()
    function = found.function(f"shop.{name}")
    assert function is not None
    return {each.value for each in found.effects.of(function)}


def shop() -> Project:
    return project(SHOP)


def way(name: str, effect: Effect) -> list[str] | None:
    found = shop()
    function = found.function(f"shop.{name}")
    assert function is not None
    path = found.effects.reaches(function, effect)
    return None if path is None else [site.name for site in path.sites]


def test_effects_are_those_of_a_function_and_of_what_it_calls() -> None:
    assert effects("models.store") == {"write", "commit", "block"}
    assert effects("service.charge") == {"outbound", "block"}
    assert effects("api.handler") == {"read", "write", "commit", "outbound", "raise", "block"}
    assert effects("service.nothing") == set()


def test_the_way_to_an_effect_is_the_shortest() -> None:
    assert way("api.handler", Effect.OUTBOUND) == ["service.pay", "charge", "requests.post"]
    assert way("models.store", Effect.COMMIT) == ["session.commit"]
    assert way("service.nothing", Effect.COMMIT) is None


def test_recursion_ends() -> None:
    assert way("service.again", Effect.BLOCK) == ["slow", "time.sleep"]


def test_what_is_passed_is_not_called() -> None:
    assert effects("service.later") == set()


def test_a_call_can_be_asked_as_well_as_a_function() -> None:
    found = shop()
    handler = found.function("shop.api.handler")
    assert handler is not None
    [site] = found.sites(handler)
    path = found.effects.reaches(site, Effect.WRITE)
    assert path is not None
    assert [each.name for each in path.sites] == ["service.pay", "store", "session.add"]
    nearest = found.effects.nearest(site, Effect.RAISE)
    assert nearest is not None
    assert (nearest.what, nearest.at.line) == ("404", 18)


def test_all_occurrences_can_be_listed() -> None:
    found = shop()
    handler = found.function("shop.api.handler")
    assert handler is not None
    assert [each.what for each in found.effects.all_of(handler, Effect.WRITE)] == ["shop.models.Order"]
    assert {each.what for each in found.effects.all_of(handler, Effect.BLOCK)} == {"requests", "sqlalchemy"}


def test_an_effect_at_the_call_itself_is_a_way_of_one_step() -> None:
    found = shop()
    charge = found.function("shop.service.charge")
    assert charge is not None
    [site] = found.sites(charge)
    path = found.effects.reaches(site, Effect.OUTBOUND)
    assert path is not None
    assert path.sites == (site,)
