from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from backend_lint.core import GUIDELINES
from backend_lint.serve.mcp import server
from tests.program import LOGS, Program


@pytest.fixture
def shop(program: Program) -> Program:
    program.put({"backend-lint.toml": "select = ['SEC4']", "app.py": LOGS.format(name="charge"), "b.py": "x = 1\n"})
    return program


def called(root: Path, tool: str, **arguments: Any) -> Any:
    """What a client gets of a tool: its structured answer, or the text of its error."""

    async def call() -> Any:
        async with Client(server(root, {})) as client:
            answer = await client.call_tool(tool, arguments)
            if answer.is_error:
                return answer.content[0].text
            found = answer.structured_content
            return found["result"] if found.keys() == {"result"} else found

    return asyncio.run(call())


def test_findings_are_those_of_the_command_line(shop: Program) -> None:
    answer = called(shop.root, "lint")
    assert [(each["place"], each["code"]) for each in answer["findings"]] == [("app.py:10:9", "SEC403")]
    assert (answer["total"], answer["next_offset"], answer["not_checked"]) == (1, None, [])
    assert called(shop.root, "lint", paths=["b.py"])["total"] == 0
    assert called(shop.root, "lint", min_severity="high")["total"] == 0


def test_long_answers_come_in_parts(shop: Program) -> None:
    shop.put({f"shop_{number}.py": LOGS.format(name=f"charge_{number}") for number in range(120)})
    first = called(shop.root, "lint", limit=100)
    assert first["total"] == 121
    assert first["shown"] == first["next_offset"] < 121
    assert len(str(first)) < 25_000
    rest = called(shop.root, "lint", limit=100, offset=first["next_offset"])
    assert {each["fingerprint"] for each in first["findings"]}.isdisjoint(each["fingerprint"] for each in rest["findings"])  # fmt: skip


def test_only_what_is_new(shop: Program) -> None:
    shop.commit()
    shop.write(new=LOGS.format(name="refund"))
    assert [each["place"] for each in called(shop.root, "lint", new_from="HEAD")["findings"]] == ["new.py:10:9"]


def test_a_fix_is_a_diff_and_not_applied(shop: Program) -> None:
    [found] = called(shop.root, "lint")["findings"]
    before = shop.read("app.py")
    answer = called(shop.root, "suggest_fix", fingerprint=found["fingerprint"])
    assert '+        log.exception("charge failed")' in answer["diff"]
    assert answer["safety"] == "safe"
    assert shop.read("app.py") == before
    assert "call `lint` again" in called(shop.root, "suggest_fix", fingerprint="gone")


def test_the_score_names_what_gains_most(shop: Program) -> None:
    answer = called(shop.root, "score")
    assert answer["overall"] == shop("score", "--format", "json").json["score"]["overall"]
    assert answer["guidelines"].keys() == GUIDELINES.keys()
    assert answer["guidelines"]["DAT-1"] is None


def test_rules_and_guidelines_explain_themselves(shop: Program) -> None:
    assert called(shop.root, "explain", code="traceback-lost").startswith("# SEC403 traceback-lost")
    assert "there is no rule" in called(shop.root, "explain", code="nothing")
    assert "SEC403 traceback-lost" in called(shop.root, "guidelines", id="SEC-4")
    assert "there is no guideline" in called(shop.root, "guidelines", id="SEC-9")
    assert all(f"## {id} " in called(shop.root, "guidelines") for id in GUIDELINES)


def test_nothing_outside_of_the_root_is_read(shop: Program, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (shop.root / "link").symlink_to(outside)
    for path in ("..", str(outside), "link"):
        assert "is outside of" in called(shop.root, "lint", paths=[path])
    assert "does not exist" in called(shop.root, "lint", paths=["gone.py"])


def test_a_wrong_configuration_is_told_to_the_model(shop: Program) -> None:
    shop.put({"backend-lint.toml": "selekt = []"})
    assert "selekt" in called(shop.root, "lint")


def test_it_speaks_over_stdio(shop: Program) -> None:
    async def names() -> list[str]:
        parameters = StdioServerParameters(
            command=sys.executable, args=["-m", "backend_lint", "mcp", str(shop.root)], env=dict(os.environ)
        )
        async with Client(parameters) as client:
            return [tool.name for tool in (await client.list_tools()).tools]

    assert asyncio.run(names()) == ["lint", "explain", "score", "suggest_fix", "guidelines"]
