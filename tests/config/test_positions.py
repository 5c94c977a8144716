from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import tomli
from hypothesis import given
from hypothesis import strategies as st

from backend_lint.config.positions import KeyPath, lines

DOCUMENT = '''\
# a comment = 1
title = "a # b"

[tool.backend-lint]   # the table
select = [ "SEC",
  "API", # one
  [1, 2],
]
"quoted \\u0041 key".inner = { a = 1, b.c = [ { d = 2 } ] }
long = """
x = [
\\"""
""""
after = 'it''s'

[[overrides]]
paths = ["a"]

[[overrides]]
severity = { SEC = "low" }
  [[overrides.more]]
  x = 1979-05-27 07:32:00
[overrides.table]
y = 1
'''.replace("'it''s'", "'its'")


def test_every_key_and_element_has_its_line() -> None:
    found = lines(DOCUMENT)
    assert found["title",] == 2
    assert found["tool", "backend-lint"] == 4
    assert [found["tool", "backend-lint", "select", index] for index in range(3)] == [5, 6, 7]
    assert found["tool", "backend-lint", "quoted A key", "inner", "b", "c", 0, "d"] == 9
    assert found["tool", "backend-lint", "after"] == 14
    assert found["overrides", 0, "paths", 0] == 17
    assert found["overrides", 1, "severity", "SEC"] == 20
    assert found["overrides", 1, "more", 0, "x"] == 22
    assert found["overrides", 1, "table", "y"] == 24


def test_what_is_found_is_what_tomli_reads() -> None:
    assert set(lines(DOCUMENT)) == set(key_paths(tomli.loads(DOCUMENT)))


def key_paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in items:
        yield (*path, step)
        yield from key_paths(inner, (*path, step))


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=8)
scalars = st.one_of(st.integers(-(2**60), 2**60), st.booleans(), st.dates(min_value=datetime.date(1000, 1, 1)), words)
keys = st.one_of(st.sampled_from(["a", "b-c", "1", "d_e"]), words)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
)


@given(st.dictionaries(keys, values, max_size=3), st.data())
def test_any_document_yields_the_paths_that_tomli_reads(table: dict[str, Any], data: st.DataObject) -> None:
    text = "".join(document(table, data, ()))
    assert tomli.loads(text) == table
    assert set(lines(text)) == set(key_paths(table))


def document(table: dict[str, Any], data: st.DataObject, path: tuple[str, ...]) -> Iterator[str]:
    """`table` as TOML, in a layout that Hypothesis chooses: headers, arrays of tables, inline tables, comments."""
    plain = {key: value for key, value in table.items() if not is_table(value) or data.draw(st.booleans())}
    for key, value in plain.items():
        yield f"{spelled(key)} = {written(value, data)}{data.draw(space)}\n"
    for key, value in table.items():
        if key in plain:
            continue
        here = (*path, key)
        name = " . ".join(map(spelled, here))
        for inner in value if isinstance(value, list) else [value]:
            yield f"[[{name}]] # [x]\n" if isinstance(value, list) else f"\n[ {name} ]\n"
            yield from document(inner, data, here)


space = st.sampled_from(["", "  ", " # x = ['y']"])


def is_table(value: Any) -> bool:
    return isinstance(value, dict) or bool(
        value and isinstance(value, list) and all(isinstance(v, dict) for v in value)
    )


def spelled(key: str) -> str:
    is_bare = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if is_bare else basic(key)


def written(value: Any, data: st.DataObject) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return data.draw(st.sampled_from([basic, multiline, literal]))(value)
        case list():
            gap = data.draw(st.sampled_from(["", "\n", " # ] \n"]))
            return f"[{gap}{f',{gap}'.join(written(inner, data) for inner in value)}{gap}]"
        case dict():
            return "{" + ", ".join(f"{spelled(key)}={written(inner, data)}" for key, inner in value.items()) + " }"
        case _:
            return str(value)


def basic(text: str) -> str:
    return '"' + "".join(c if c.isalnum() or c in " #[]{}'=,." else f"\\U{ord(c):08x}" for c in text) + '"'


def multiline(text: str) -> str:
    return f'"""\n{basic(text)[1:-1]}"""'


def literal(text: str) -> str:
    return f"'{text}'" if text.isprintable() and "'" not in text else basic(text)
