from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest

from tests.program import LOGS, Outcome, Program


def hooked(program: Program, monkeypatch: pytest.MonkeyPatch, event: Any, *options: str) -> Outcome:
    text = event if isinstance(event, str) else json.dumps(event)
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    return program("hook", "claude-code", *options)


def after_edit(program: Program, name: str) -> dict[str, Any]:
    return {"hook_event_name": "PostToolUse", "cwd": str(program.root), "tool_input": {"file_path": name}}


@pytest.fixture
def shop(program: Program) -> Program:
    program.put({"backend-lint.toml": "select = ['SEC4']\nfail-on = 'low'", "notes.md": ""})
    program.write(app=LOGS.format(name="charge"), other=LOGS.format(name="refund"), clean="x = 1\n")
    return program


def test_findings_of_the_file_reach_the_model(shop: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = hooked(shop, monkeypatch, after_edit(shop, str(shop.root / "app.py")))
    assert (outcome.code, outcome.out) == (2, "")
    assert "SEC403 traceback-lost" in outcome.err
    assert "other.py" not in outcome.err


@pytest.mark.parametrize("name", ["clean.py", "notes.md", "gone.py"])
def test_there_is_nothing_to_say(shop: Program, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    outcome = hooked(shop, monkeypatch, after_edit(shop, name))
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


def test_what_does_not_fail_the_gate_is_not_told(shop: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.put({"backend-lint.toml": "select = ['SEC4']"})
    assert hooked(shop, monkeypatch, after_edit(shop, "app.py")).code == 0


def test_only_what_is_new_is_told(shop: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.commit()
    assert hooked(shop, monkeypatch, after_edit(shop, "app.py"), "--new-from", "HEAD").code == 0
    shop.write(app=shop.read("app.py") + "\n\n" + LOGS.format(name="refund").split("\n\n\n")[1])
    assert hooked(shop, monkeypatch, after_edit(shop, "app.py"), "--new-from", "HEAD").code == 2


@pytest.mark.parametrize("event", ["no json", "[]", '{"tool_input": "app.py"}'])
def test_no_event_is_never_taken_for_findings(shop: Program, monkeypatch: pytest.MonkeyPatch, event: str) -> None:
    outcome = hooked(shop, monkeypatch, event)
    assert (outcome.code, outcome.err) == (1, "error: stdin holds no event of claude-code\n")


def test_a_wrong_configuration_is_no_finding(shop: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.put({"backend-lint.toml": "selekt = []"})
    outcome = hooked(shop, monkeypatch, after_edit(shop, "app.py"))
    assert outcome.code == 1
    assert "selekt" in outcome.err
