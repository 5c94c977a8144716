from __future__ import annotations

from backend_lint.facts import ir
from tests.reading import linked

ITERATOR = """
class Event: ...

class Stream:
    def __iter__(self): return self
    def __next__(self) -> Event: ...

def consume(stream: Stream):
    for event in stream:
        event
"""


def test_an_iterator_that_returns_itself_gives_what_comes_next() -> None:
    project = linked({"app.py": ITERATOR})
    function = project.modules["app"].top_functions["consume"]
    read = next(node for node in ir.walk(function.body) if isinstance(node, ir.Name) and node.id == "event")
    assert str(project.type_of(read, function)) == "app.Event"


def test_an_iterator_of_nothing_known_is_unknown() -> None:
    project = linked({"app.py": ITERATOR.replace("-> Event", "")})
    function = project.modules["app"].top_functions["consume"]
    read = next(node for node in ir.walk(function.body) if isinstance(node, ir.Name) and node.id == "event")
    assert project.type_of(read, function) is None
