"""Functions that call each other in a circle."""

from __future__ import annotations

import pytest

from backend_lint.taint.summaries import Summaries
from tests.taint.reading import flows

SINK = """
import os
from flask import Flask, request

app = Flask(__name__)

@app.route("/")
def entered():
    first(request.args["name"], 3)
"""


def test_a_flow_through_a_circle_of_three_is_found() -> None:
    text = """
def first(text, depth):
    return second(text, depth)

def second(text, depth):
    if depth > 2:
        return third(text, depth - 1)
    return first(text, depth - 1)

def third(text, depth):
    if depth:
        return first(text, depth)
    os.system(text)
"""
    assert [flow.partition(" ")[0] for flow in flows({"app.py": SINK + text})] == ["command"]


def test_what_only_a_later_round_gives_back_is_found() -> None:
    text = """
@app.route("/too")
def entered_too():
    os.system(a(request.args["name"], 9))

def a(text, n):
    return b(text, n) if n else "x"

def b(text, n):
    return c(text, n) if n > 1 else a("x", n - 1)

def c(text, n):
    return text if n == 2 else b(text, n - 1)

def first(text, depth):
    pass
"""
    assert [flow.partition(" ")[0] for flow in flows({"app.py": SINK + text})] == ["command"]


def test_functions_that_all_call_each_other_run_a_few_times_each(monkeypatch: pytest.MonkeyPatch) -> None:
    size, runs = 9, 0
    run = Summaries.run

    def counted(self: Summaries, *args: object) -> object:
        nonlocal runs
        runs += 1
        return run(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Summaries, "run", counted)
    calls = "\n".join(f"    if f{number}(text): return text" for number in range(size))
    circle = "\n".join(f"def f{number}(text):\n{calls}\n    return os.getenv(text)\n" for number in range(size))
    flows({"app.py": SINK + "def first(text, depth):\n    f0(text)\n" + circle})
    assert runs < 20 * size
