"""Programs in, flows out: `flows({"app.py": "…"}) == ["sql app.py:9"]`."""

from __future__ import annotations

import textwrap

from backend_lint.core import Role
from backend_lint.facts.lower import lower
from backend_lint.project import Project, link
from backend_lint.source import Source, parse
from backend_lint.taint import Options, TaintResult, analyse

HEAD = """
import os, subprocess, html, re, shlex, sqlite3
from flask import Flask, abort, redirect, request
app = Flask(__name__)
cursor = sqlite3.connect("x").cursor()

@app.route("/x/<name>/<int:number>")
def handler(name, number):
    x = request.args.get("x")
"""


def project(files: dict[str, str]) -> Project:
    parsed = []
    for path, text in files.items():
        source = parse(path, textwrap.dedent(text).encode())
        assert isinstance(source, Source), source
        module = path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        parsed.append((path, module, Role.APP, lower(source)))
    return link(parsed)


def result(files: dict[str, str], options: Options | None = None) -> TaintResult:
    return analyse(project(files), options=options)


def flows(files: dict[str, str], options: Options | None = None) -> list[str]:
    """The flows as `kind path:line`, in order."""
    return [f"{flow.kind} {flow.sink.path}:{flow.sink.line}" for flow in result(files, options).flows]


def kinds(body: str) -> list[str]:
    """The kinds of the flows in a handler with this body, in which `x` is what the client sent."""
    text = HEAD + textwrap.indent(textwrap.dedent(body), "    ")
    return [flow.kind for flow in result({"app.py": text}).flows]
