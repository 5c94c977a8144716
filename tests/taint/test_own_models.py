from __future__ import annotations

import sys
from pathlib import Path

import pytest

from backend_lint.core import ConfigError
from backend_lint.taint import Models, Options, analyse, load
from backend_lint.taint.models import packages
from tests.taint.reading import project

FILES = {
    "app.py": """
        import os
        from flask import Flask, request
        from ours import Context, Store, clean, is_fine, run, same
        app = Flask(__name__)
        @app.route("/")
        def handler():
            x = request.args["x"]
            run(x)
            os.system(clean(x))
            Store().find(x)
            os.system(Context().term)
            if is_fine(x):
                os.system(x)
    """,
    "ours.py": """
        def run(query):
            pass
        def clean(value):
            return value
        def is_fine(value):
            return True
        class Store:
            def find(self, query):
                pass
        class Context:
            term = None
    """,
}
OWN = {
    "sinks": [{"kind": "sql", "calls": ["ours.run", "ours.Store.find"], "arguments": [0, "query"]}],
    "sanitizers": [{"calls": ["ours.clean"], "cleans": ["command"]}],
    "guards": [{"calls": ["ours.is_fine"], "cleans": ["command"]}],
    "sources": [{"what": "query", "note": "the context", "reads": ["ours.Context.term"]}],
}


def found(models: Models, options: Options | None = None) -> list[str]:
    return [f"{flow.kind} {flow.sink.line}" for flow in analyse(project(FILES), models, options=options).flows]


def test_models_of_a_project_speak_of_its_own_functions_and_classes() -> None:
    assert found(load()) == ["command 10", "command 14"]
    assert found(load((), (OWN,))) == ["sql 9", "sql 11", "command 12"]


def test_models_come_from_files_too(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('version = 1\nlibrary = "ours"\n[[sinks]]\nkind = "sql"\ncalls = ["ours.run"]\narguments = [0]\n')
    assert "sql 9" in found(load([file]))


def test_a_mistake_in_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="kinds"):
        load((), ({"sinks": [{"kinds": "sql"}]},))
    with pytest.raises(ConfigError, match=r"none\.toml"):
        load([tmp_path / "none.toml"])


def test_unknown_functions_pass_what_they_are_given_unless_told_otherwise() -> None:
    files = {
        "app.py": """
            import os, thing
            from flask import Flask, request
            app = Flask(__name__)
            @app.route("/")
            def handler():
                os.system(thing.work(request.args["x"]))
        """
    }
    assert len(analyse(project(files)).flows) == 1
    assert analyse(project(files), options=Options(unknown_calls_pass=False)).flows == ()


def test_many_libraries_have_models() -> None:
    assert len([name for name in packages() if name not in sys.stdlib_module_names]) >= 150
