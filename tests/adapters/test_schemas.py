from __future__ import annotations

from tests.reading import project


def fields(text: str, name: str) -> list[str]:
    """`name: type` with `?` where it may be left out, `|None` where null is taken, `[]` where many."""
    schema = next(each for each in project({"a.py": text}).schemas.values() if each.name == name)
    return [
        f"{each.name}{'' if each.required else '?'}: {each.type}{'[]' * each.many}{'|None' * each.nullable}"
        for each in schema.fields.values()
    ]


def test_pydantic_fields_are_read_with_what_they_inherit() -> None:
    text = """
        from typing import Annotated, ClassVar, Optional
        from pydantic import BaseModel, Field, computed_field
        class Item(BaseModel):
            kind: ClassVar[str] = "item"
            id: int
            _hidden: int = 1
        class Base(BaseModel):
            name: Annotated[str, Field(max_length=20)]
            note: str | None = None
            price: float = Field(..., gt=0)
        class Order(Base):
            items: list[Item] = Field(default_factory=list)
            note: Optional[str]
            owner: "Owner"
            @computed_field
            @property
            def total(self) -> float: ...
        class Owner(BaseModel):
            email: str
    """
    assert fields(text, "Order") == [
        "name: str",
        "note: str|None",
        "price: float",
        "items?: Item[]",
        "owner: Owner",
        "total?: float",
    ]
    order = project({"a.py": text}).schemas["a.Order"]
    assert order.fields["name"].constraints == {"max_length": 20}
    assert order.fields["price"].constraints == {"gt": 0}
    assert order.fields["items"].schema == "a.Item"
    assert order.fields["owner"].schema == "a.Owner"


def test_what_an_alias_says_of_a_field_holds_where_it_may_be_null() -> None:
    text = """
        from typing import Annotated, Optional
        from pydantic import BaseModel, Field
        Name = Annotated[str, Field(max_length=20, description="As on the card.")]
        class User(BaseModel):
            first: Name
            last: Optional[Name] = None
            born: str = Field(description=explained("born"))
    """
    schema = project({"a.py": text}).schemas["a.User"]
    assert [each.description for each in schema.fields.values()] == ["As on the card.", "As on the card.", "…"]
    assert [each.nullable for each in schema.fields.values()] == [False, True, False]


def test_configuration_is_inherited() -> None:
    text = """
        from pydantic import BaseModel, ConfigDict
        class Base(BaseModel):
            model_config = ConfigDict(extra="forbid", from_attributes=True)
        class Sub(Base):
            a: int
        class Old(BaseModel):
            class Config:
                orm_mode = True
                extra = "allow"
    """
    schemas = project({"a.py": text}).schemas
    assert (schemas["a.Sub"].extra, schemas["a.Sub"].from_attributes) == ("forbid", True)
    assert (schemas["a.Old"].extra, schemas["a.Old"].from_attributes) == ("allow", True)


def test_marshmallow_fields_are_read() -> None:
    text = """
        from marshmallow import Schema, fields, validate, INCLUDE
        class Tag(Schema):
            name = fields.Str(required=True, validate=validate.Length(max=10))
        class User(Schema):
            class Meta:
                unknown = INCLUDE
            id = fields.Int(dump_only=True)
            password = fields.String(load_only=True, data_key="secret")
            tags = fields.List(fields.Nested(Tag))
    """
    assert fields(text, "User") == ["id?: Int", "password?: String", "tags?: List[]"]
    user = project({"a.py": text}).schemas["a.User"]
    assert (user.extra, user.fields["tags"].schema, user.fields["password"].alias) == ("allow", "a.Tag", "secret")
    assert user.fields["id"].read_only and user.fields["password"].write_only


def test_a_table_of_sqlmodel_is_no_schema() -> None:
    text = """
        from sqlmodel import Field, SQLModel
        class HeroBase(SQLModel):
            name: str = Field(index=True)
        class Hero(HeroBase, table=True):
            id: int | None = Field(default=None, primary_key=True)
    """
    assert list(project({"a.py": text}).schemas) == ["a.HeroBase"]
