from __future__ import annotations

import pytest

from tests.taint.reading import flows, result

APP = """
import os
from flask import Flask, request, abort
from helpers import *

app = Flask(__name__)

@app.route("/")
def handler():
    x = request.args.get("x")
    {body}
"""


@pytest.mark.parametrize(
    ("helpers", "body", "expected"),
    [
        ("import os\ndef run(c):\n    os.system(c)", "run(x)", ["command helpers.py:3"]),
        ("import os\ndef run(c):\n    os.system('ls')", "run(x)", []),
        ("def same(v):\n    return v", "os.system(same(x))", ["command app.py:11"]),
        ("def same(v):\n    return 'ls'", "os.system(same(x))", []),
        ("def pick(a, b):\n    return b", "os.system(pick(x, 'ls'))", []),
        ("def pick(a, b):\n    return b", "os.system(pick(b=x, a='ls'))", ["command app.py:11"]),
        ("def pick(*a, **k):\n    return k['c']", "os.system(pick(x, c='ls'))", []),
        ("def pick(*a, **k):\n    return a[1]", "os.system(pick('ls', x))", ["command app.py:11"]),
        ("def pick(a, flag=True):\n    return 'ls' if flag else a", "os.system(pick(x))", []),
        ("def pick(a, flag=True):\n    return 'ls' if flag else a", "os.system(pick(x, False))", ["command app.py:11"]),
        (
            "class Box:\n    def __init__(self, a, b):\n        self.a, self.b = a, b\n    def first(self):\n        return self.a",
            "os.system(Box(x, 'ls').first())",
            ["command app.py:11"],
        ),
        (
            "class Box:\n    def __init__(self, a, b):\n        self.a, self.b = a, b\n    def first(self):\n        return self.a",
            "os.system(Box('ls', x).first())",
            [],
        ),
        (
            "class Box:\n    def put(self, v):\n        self.v = v",
            "b = Box(); b.put(x); os.system(b.v)",
            ["command app.py:11"],
        ),
        (
            "class Base:\n    def run(self, v):\n        return self.clean(v)\n    def clean(self, v):\n        return v\n"
            "class Safe(Base):\n    def clean(self, v):\n        return 'ls'",
            "os.system(Safe().run(x))",
            [],
        ),
        (
            "from dataclasses import dataclass\n@dataclass\nclass D:\n    a: str\n    b: str",
            "os.system(D(a='ls', b=x).a); os.system(D('ls', x).b)",
            ["command app.py:11"],
        ),
        ("def check(v):\n    if v not in ('a', 'b'):\n        raise ValueError(v)", "check(x); os.system(x)", []),
        ("def check(v):\n    if v not in ('a', 'b'):\n        print(v)", "check(x); os.system(x)", ["command app.py:11"]),
        ("def ok(v):\n    return v in ('a', 'b')", "\n    if not ok(x):\n        abort(400)\n    os.system(x)", []),
        ("def ok(v):\n    return v.isdigit() and len(v) < 9", "\n    if not ok(x):\n        abort(400)\n    os.system(x)", []),
        ("def ok(v):\n    return len(v) < 9", "\n    if not ok(x):\n        abort(400)\n    os.system(x)", ["command app.py:14"]),
        ("def fail():\n    raise ValueError", "fail(); os.system(x)", []),
        ("def loop(v, n):\n    return v if n == 0 else loop(v, n - 1)", "os.system(loop(x, 50))", ["command app.py:11"]),
        ("def a(v):\n    return b(v)\ndef b(v):\n    return a(v[1:]) if len(v) > 3 else v", "os.system(a(x))", ["command app.py:11"]),
        ("def make():\n    def inner(v):\n        return v\n    return inner", "os.system(make()(x))", ["command app.py:11"]),
        ("def deco(f):\n    def inner(*a):\n        return f(*a)\n    return inner\n@deco\ndef same(v):\n    return v", "os.system(same(x))", ["command app.py:11"]),
        ("def each(v):\n    yield 'a'\n    yield v", "\n    for c in each(x):\n        os.system(c)", ["command app.py:13"]),
        (
            "from contextlib import contextmanager\n@contextmanager\ndef held(v):\n    yield v",
            "\n    with held(x) as c:\n        os.system(c)",
            ["command app.py:13"],
        ),
        ("async def get(v):\n    return v", "import asyncio; os.system(asyncio.run(get(x)))", ["command app.py:11"]),
        ("RUN = {'a': lambda v: v, 'b': lambda v: 'ls'}", "os.system(RUN['b'](x))", []),
        ("RUN = {'a': lambda v: v, 'b': lambda v: 'ls'}", "os.system(RUN['a'](x))", ["command app.py:11"]),
        ("def fill(d, v):\n    d['k'] = v", "d = {}; fill(d, x); os.system(d['k'])", ["command app.py:11"]),
        ("def fill(d, v):\n    d['k'] = v", "d = {}; fill(d, x); os.system(d.get('other', 'ls'))", []),
        ("def get(r, n):\n    return r.args.get(n) or r.form.get(n)", "os.system(get(request, 'n'))", ["command app.py:11"]),
        ("class W:\n    def __init__(self, r):\n        self.r = r\n    def safe(self):\n        return 'ls'\n    def raw(self):\n        return self.r.args['q']",
         "os.system(W(request).safe()); os.system(W(request).raw())", ["command app.py:11"]),
        ("class P:\n    def __init__(self, v):\n        self._v = v\n    @property\n    def v(self):\n        return self._v", "os.system(P(x).v)", ["command app.py:11"]),
        ("COMMAND = 'ls'", "os.system(COMMAND)", []),
        ("COMMANDS = ('ls', 'pwd')", "\n    if x in COMMANDS:\n        os.system(x)", []),
        ("def unknown(v):\n    import thing\n    return thing.work(v)", "os.system(unknown(x))", ["command app.py:11"]),
    ],
)  # fmt: skip
def test_calls_are_followed_through_other_files(helpers: str, body: str, expected: list[str]) -> None:
    found = flows({"app.py": APP.format(body=body), "helpers.py": helpers})
    assert [each for each in dict.fromkeys(found) if not each.startswith("code")] == expected


def test_a_flow_tells_its_way_in_words() -> None:
    (flow,) = result(
        {
            "app.py": APP.format(body="run(x)"),
            "helpers.py": "import os\ndef run(c):\n    d = 'ls ' + c\n    os.system(d)",
        }
    ).flows
    assert [f"{step.at.path}:{step.at.line} {step.note}" for step in flow.trace] == [
        "app.py:10 read from the query string",
        "app.py:10 assigned to `x`",
        "app.py:11 passed to `run` as `c`",
        "helpers.py:3 assigned to `d`",
        "helpers.py:4 reaches `system`",
    ]
    assert (flow.what, flow.kind, flow.symbol) == ("query", "command", "os.system")


def test_a_sink_where_only_constants_arrive_is_proved() -> None:
    found = result(
        {"app.py": "import os\ndef f(x):\n    os.system('ls')\n    os.system(x)\n    os.system(open('f').read())"}
    )
    assert found.proved == {("app.py", 3, "command"), ("app.py", 5, "path")}
    assert found.sinks == {"command": 3, "path": 1}


def test_two_methods_share_what_self_holds() -> None:
    text = """
        import os
        from flask import request
        from flask.views import MethodView
        class View(MethodView):
            def prepare(self):
                self.name = request.args["x"]
            def get(self):
                os.system(self.name)
    """
    assert flows({"app.py": text}) == ["command app.py:9"]


@pytest.mark.parametrize("manager", ["Manager()", "app.manager"])
@pytest.mark.parametrize("body", ["raise NotImplementedError", "raise NotImplementedError(name)"])
def test_a_method_that_classes_below_must_have_returns(manager: str, body: str) -> None:
    text = f"""
from flask import Flask, redirect, request
app = Flask(__name__)
class Manager:
    def find(self, name):
        {body}
    def user(self, name):
        found = self.find(name)
        if found is None or not found.is_active:
            return None
        return found
class Sql(Manager):
    def find(self, name):
        return session.query(User).filter_by(name=name).one()
@app.route("/")
def login():
    if not {manager}.user(request.form["name"]):
        return "no"
    return redirect(request.args["next"])
"""
    assert flows({"app.py": text}) == ["redirect app.py:19"]


def test_an_override_calls_what_only_its_own_class_has() -> None:
    text = """
import pickle
from flask import request
class Format:
    def load(self, body): ...
    def parse(self, request):
        return self.load(request.data)
class Json(Format):
    def load(self, body):
        return 1
class Pickled(Format):
    def load(self, body):
        return self.value(body)
    def value(self, body):
        return pickle.loads(body)
def answer(format: Format):
    return format.parse(request)
"""
    assert flows({"app.py": text}) == ["deserialization app.py:15"]
