from __future__ import annotations

from tests.reading import project

FILES = {
    "settings.py": 'INSTALLED_APPS = ["people"]\n',
    "people/__init__.py": "",
    "people/models.py": """
        from django.db import models

        class Person(models.Model):
            name = models.CharField(max_length=80)
            password = models.CharField(max_length=128)
    """,
}


def fields(text: str, name: str = "S") -> dict[str, str]:
    """The fields of a serializer, with what may be done with them."""
    head = "from rest_framework import serializers\nfrom people.models import Person\n"
    found = project({**FILES, "people/serializers.py": head + text})
    schema = found.schemas[f"people.serializers.{name}"]
    return {
        each.name: "in" if each.write_only else "out" if each.read_only else "both" for each in schema.fields.values()
    }


def test_declared_fields_are_inherited_and_say_who_may_use_them() -> None:
    text = (
        "class Base(serializers.Serializer):\n    name = serializers.CharField()\n"
        "class S(Base):\n    password = serializers.CharField(write_only=True)\n"
        "    age = serializers.SerializerMethodField()\n"
    )
    assert fields(text) == {"password": "in", "age": "out", "name": "both"}


def test_all_fields_are_those_of_the_model() -> None:
    text = (
        "class S(serializers.ModelSerializer):\n    class Meta:\n        model = Person\n        fields = '__all__'\n"
    )
    assert set(fields(text)) >= {"id", "name", "password"}


def test_an_excluded_field_is_gone() -> None:
    text = "class S(serializers.ModelSerializer):\n    class Meta:\n        model = Person\n        exclude = ['password']\n"
    assert "password" not in fields(text)


def test_options_of_model_fields_come_from_meta() -> None:
    text = (
        "class S(serializers.ModelSerializer):\n    class Meta:\n        model = Person\n"
        "        fields = ['id', 'name', 'password']\n        read_only_fields = ['name']\n"
        "        extra_kwargs = {'password': {'write_only': True}}\n"
    )
    assert fields(text) == {"id": "out", "name": "out", "password": "in"}


def test_a_nested_serializer_is_named() -> None:
    text = "class P(serializers.Serializer):\n    name = serializers.CharField()\nclass S(serializers.Serializer):\n    owner = P(many=True)\n"
    found = project({**FILES, "s.py": "from rest_framework import serializers\n" + text})
    owner = found.schemas["s.S"].fields["owner"]
    assert (owner.schema, owner.many) == ("s.P", True)
