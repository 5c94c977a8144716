"""Programs are run for real, and whatever really flows must be reported.

What the client sends consists of characters that no program has of its own, so a value that holds one of them came from
the client, whatever was done to it.
"""

from __future__ import annotations

import os
import sys
import textwrap
from contextlib import suppress
from types import SimpleNamespace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.taint.reading import result

CLIENT = "".join(map(chr, range(0xE000, 0xE008)))
NAMES = ("a", "b", "c")
LITERALS = ("''", "'k'", "'kl'", "'l m'", "'k,l'")
HEAD = "import pickle\nfrom flask import Flask, request\napp = Flask(__name__)\n"

names = st.sampled_from(NAMES)
literals = st.sampled_from(LITERALS)
indexes = st.integers(-3, 3)
atoms = st.one_of(names, literals, st.just("request.args['q']"))


@st.composite
def expressions(draw: st.DrawFn, depth: int = 2) -> str:
    """An expression whose value is a string, for whatever strings the names hold."""
    if depth == 0:
        return draw(atoms)
    inner = expressions(depth - 1)
    one, other = draw(inner), draw(inner)
    index = draw(indexes)
    forms = [
        one,
        f"({one} + {other})",
        f"f'{{{draw(names)}}}x{{{draw(names)}}}'",
        f"'%s-%s' % ({one}, {other})",
        f"'{{}}{{}}'.format({one}, {other})",
        f"','.join([{one}, {other}])",
        f"{one}[{index}:]",
        f"{one}[:{index}]",
        f"{one}.replace({draw(literals)}, {other})",
        f"{one}.strip().lower()",
        f"{one}.encode().decode()",
        f"{one}.split(',')[0]",
        f"({one} if {draw(conditions(depth - 1))} else {other})",
        f"({one} or {other})",
        f"({one} and {other})",
        f"[{one}, {other}][{draw(st.integers(0, 1))}]",
        f"{{'k': {one}, 'l': {other}}}['{draw(st.sampled_from('kl'))}']",
        f"''.join(char for char in {one})",
        f"[{one}, {other}].pop({draw(st.integers(-1, 1))})",
        f"first({one}, {other})",
        f"second({one}, other={other})",
        f"(lambda value: value + {other})({one})",
        f"dict(k={one}).get('{draw(st.sampled_from('kl'))}', {other})",
        f"Box({one}, {other}).{draw(st.sampled_from(('one', 'other', 'both()')))}",
    ]
    return draw(st.sampled_from(forms))


@st.composite
def conditions(draw: st.DrawFn, depth: int = 1) -> str:
    one = draw(expressions(depth - 1)) if depth > 0 else draw(atoms)
    forms = [
        f"{one} == {draw(literals)}",
        f"{one} != {draw(literals)}",
        f"{draw(literals)} in {one}",
        f"{draw(literals)} not in {one}",
        f"{one} in ({draw(literals)}, {draw(literals)})",
        f"{one}.startswith({draw(literals)})",
        f"{one}.isalnum()",
        f"not {one}",
        one,
        f"len({one}) > {draw(st.integers(0, 4))}",
        f"{one} and {draw(names)}",
        f"{one} == {draw(literals)} or {draw(names)} != {draw(literals)}",
    ]
    return draw(st.sampled_from(forms))


@st.composite
def statements(draw: st.DrawFn, depth: int = 2) -> str:
    name, value = draw(names), draw(expressions())
    simple = [
        f"{name} = {value}",
        f"{name} += {value}",
        f"{name}, {draw(names)} = {value}, {draw(expressions(1))}",
        f"box = {{}}\nbox['k'] = {value}\nbox['l'] = {draw(atoms)}\n{name} = box['{draw(st.sampled_from('kl'))}']",
        f"row = [{value}]\nrow.append({draw(atoms)})\nrow.insert(0, {draw(atoms)})\n"
        f"{name} = row[{draw(st.integers(-3, 2))}]",
        f"kept.append({value})\n{name} = kept[{draw(st.integers(-1, 0))}]",
        f"held.one = {value}\n{name} = held.{draw(st.sampled_from(('one', 'other')))}",
        f"pickle.loads({value})",
        f"fill(shared, {value})\n{name} = shared.get('k', '')",
    ]
    if depth == 0:
        return draw(st.sampled_from(simple))
    body = textwrap.indent(draw(blocks(depth - 1)), "    ")
    other = textwrap.indent(draw(blocks(depth - 1)), "    ")
    condition = draw(conditions())
    compound = [
        f"if {condition}:\n{body}\nelse:\n{other}",
        f"if {condition}:\n{body}",
        f"for {name} in ({value}, {draw(atoms)}):\n{body}",
        f"for {name} in {value}:\n{body}",
        f"count = 0\nwhile count < 2:\n    count += 1\n{body}",
        f"for part in (1, 2, 3):\n    if {condition}:\n        break\n{body}\nelse:\n{other}",
        f"try:\n{body}\n    int({value})\nexcept ValueError:\n{other}",
        f"try:\n{body}\nfinally:\n{other}",
        f"match {value}:\n    case 'k':\n{textwrap.indent(body, '    ')}\n    case rest:\n        {name} = rest",
        f"def inner(value):\n    return value + {draw(names)}\n{name} = inner({value})",
    ]
    return draw(st.sampled_from(simple + compound))


@st.composite
def blocks(draw: st.DrawFn, depth: int = 2) -> str:
    return "\n".join(draw(st.lists(statements(depth), min_size=1, max_size=4)))


HELPERS = """
def first(one, other):
    return one
def second(one, other):
    if one == 'k':
        return one
    return other
def fill(target, value):
    target['k'] = value
class Box:
    def __init__(self, one, other):
        self.one = one
        self.other = other
    def both(self):
        return self.one + self.other
"""


def run(text: str) -> set[int]:
    """The lines of the sinks at which what the client sent arrives when the program is run."""
    found: set[int] = set()

    def loads(value: object) -> None:
        if set(CLIENT) & set(str(value)):
            found.add(sys._getframe(1).f_lineno)

    names = {"pickle": SimpleNamespace(loads=loads), "request": SimpleNamespace(args={"q": CLIENT})}
    with suppress(IndexError, KeyError, TypeError, AttributeError, ValueError):
        exec(compile(f"{text}\nhandler()", "program", "exec"), names)
    return found


@given(blocks())
@settings(max_examples=int(os.environ.get("FUZZ", "40")), deadline=None, suppress_health_check=list(HealthCheck))
def test_what_really_flows_is_reported(body: str) -> None:
    start = "a, b, c = '', 'k', 'l'\nkept = []\nheld = Box('', '')\nshared = {}\n"
    program = textwrap.indent(f"{start}{body}\npickle.loads(a)", "    ")
    text = f"{HELPERS}\ndef handler():\n{program}\n"
    flowing = run(text)
    if not flowing:
        return
    above = HEAD.count("\n") + 1
    linted = HEAD + text.replace("def handler", "@app.route('/')\ndef handler")
    flows = {flow.sink.line - above for flow in result({"app.py": linted}).flows if flow.kind == "deserialization"}
    assert flowing <= flows, linted
