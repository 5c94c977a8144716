from __future__ import annotations

from backend_lint.project.contract import decoded, document
from tests.reading import project

IMPORTS = """
    import enum
    from typing import Annotated, Literal, Optional, Union
    from uuid import UUID
    from pydantic import BaseModel, Field

    class Kind(str, enum.Enum):
        small = "s"
        large = "l"

    class Line(BaseModel):
        product: str

"""


def field(written: str) -> dict[str, object]:
    """What a contract says of a field, apart from its name and that it is required."""
    text = f"""
    from fastapi import FastAPI
    app = FastAPI()

    class Order(BaseModel):
        field: {written}

    @app.get("/orders")
    def orders() -> Order: ...
"""
    found = project({"app.py": IMPORTS + text}).contract.objects["app.Order"].fields["field"]
    names = [name for name in found.__struct_fields__ if name not in ("name", "at", "required")]
    kept = {name: getattr(found, name) for name in names}
    return {name: value for name, value in kept.items() if value not in (None, False, (), {})}


def test_types_are_those_of_the_wire() -> None:
    assert field("UUID") == {"type": "string:uuid"}
    assert field("Optional[int]") == field("int | None") == {"type": "integer", "nullable": True}
    assert field("list[Line]") == {"type": "object", "many": True, "schema": "app.Line"}
    assert field("Kind") == {"type": "string", "enum": ("l", "s")}
    assert field("Literal['a', 'b'] | None") == {"type": "string", "enum": ("a", "b"), "nullable": True}


def test_what_is_not_known_has_no_type() -> None:
    assert field("Union[int, str]") == {}
    assert field("Unknown") == {}


def test_bounds_have_one_form() -> None:
    assert field("int = Field(gt=0)")["constraints"] == field("int = Field(ge=1)")["constraints"] == {"ge": 1}
    assert field("float = Field(gt=0)")["constraints"] == {"gt": 0}
    assert field("str = Field(regex='a')")["constraints"] == {"pattern": "a"}


def test_tasks_are_what_a_message_holds() -> None:
    text = """
    from celery import shared_task

    @shared_task(bind=True)
    def send(self, order, *, language="en", **rest): ...
"""
    task = project({"jobs.py": text}).contract.tasks["jobs.send"]
    assert (task.required, task.optional, task.positional, task.takes_more) == (
        ("order",),
        ("language",),
        ("order",),
        ("**rest",),
    )


def test_a_document_is_read_back_with_the_lines_as_places() -> None:
    text = """
    from fastapi import FastAPI
    app = FastAPI()

    @app.get("/lines")
    def lines(limit: Annotated[int, Field(le=9)] = 5) -> list[Line]: ...
"""
    written = document(project({"app.py": IMPORTS + text}).contract)
    read = decoded(written, "contract.json")
    assert document(read) == written
    place = read.objects["app.Line"].fields["product"].at
    assert (place.path, written.splitlines()[place.line - 1].strip()) == ("contract.json", '"product": {')
