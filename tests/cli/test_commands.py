from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from backend_lint.core import GUIDELINES
from tests.cli.conftest import Outcome, Pipeline
from tests.program import Program
from tests.report import shop

Ran = Callable[..., Outcome]
CODES = sorted(rule.code for rule in shop.RULES)
STABLE = sorted(rule.code for rule in shop.RULES if not rule.preview)
RULE = shop.RULES[0]


@pytest.fixture(autouse=True)
def files(project: Callable[..., Path]) -> Path:
    return project({"app.py": ""})


def listed(outcome: Outcome) -> list[str]:
    assert outcome.code == 0
    return [line.split()[0] for line in outcome.out.splitlines()]


def test_rules_are_those_that_run(ran: Ran, project: Callable[..., Path]) -> None:
    assert listed(ran("rules")) == STABLE
    assert listed(ran("rules", "--all")) == CODES
    assert listed(ran("rules", "--preview")) == CODES
    assert listed(ran("rules", "--select", RULE.name)) == [RULE.code]
    assert set(listed(ran("rules", "--profile", "security"))) < set(STABLE)
    project({"backend-lint.toml": f"ignore = ['{RULE.code}']"})
    assert RULE.code not in listed(ran("rules"))


def test_rules_are_json_on_demand(ran: Ran) -> None:
    rules = json.loads(ran("rules", "--all", "--format", "json").out)
    assert [rule["code"] for rule in rules] == CODES
    assert rules[0].keys() >= {"name", "guideline", "severity", "title", "scope"}


def test_an_unknown_rule_in_the_configuration_is_an_error(ran: Ran, project: Callable[..., Path]) -> None:
    project({"backend-lint.toml": "ignore = [\n'SEC999']"})
    outcome = ran("rules")
    assert (outcome.code, outcome.err.split(";")[0].strip()) == (
        2,
        "error: backend-lint.toml:2: unknown rule or group 'SEC999'",
    )


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            "[rules.god-handler]\n\nmots = 1",
            "3: rules.god-handler: the rule has no option 'mots'; did you mean 'most'?",
        ),
        ("[rules.god-handler]\nx_y = 1", "2: rules.god-handler: the rule has no option 'x_y'; it takes most"),
        ("[rules.traceback-lost]\nmost = 1", "2: rules.traceback-lost: the rule has no option 'most'; it takes none"),
        ("[rules]\ngod-handler.most = 'x'", "2: rules.god-handler.most: expected int, got str"),
    ],
)
def test_an_option_that_a_rule_does_not_take_is_told_with_its_place(program: Program, table: str, message: str) -> None:
    program.put({"backend-lint.toml": table, "app.py": "x = 1\n"})
    outcome = program()
    assert (outcome.code, outcome.err) == (2, f"error: backend-lint.toml:{message}\n")


@pytest.mark.parametrize("word", [RULE.code, RULE.name])
def test_a_rule_is_explained_by_code_or_name(ran: Ran, word: str) -> None:
    outcome = ran("rule", word)
    assert outcome.code == 0
    assert outcome.out.startswith(f"{RULE.code} {RULE.name}\n{RULE.guideline} · {RULE.severity.value}")
    assert RULE.doc.strip() in outcome.out
    assert json.loads(ran("rule", word, "--format", "json").out)["doc"] == RULE.doc


def test_all_rules_are_explained_at_once(ran: Ran) -> None:
    assert len(json.loads(ran("rule", "--all", "--format", "json").out)) == len(CODES)


def test_a_rule_that_does_not_exist_is_an_error_with_the_nearest(ran: Ran) -> None:
    outcome = ran("rule", RULE.name[:-1])
    assert outcome == (2, "", f"error: there is no rule {RULE.name[:-1]!r}; did you mean {RULE.name!r}?\n")
    assert ran("rule").err == "error: give one rule, by code or name, or --all\n"


def test_all_sixteen_guidelines_are_printed_with_their_rules(ran: Ran) -> None:
    text = ran("guidelines").out
    assert [line.split()[0] for line in text.splitlines() if line[:1].isalpha()] == list(GUIDELINES)
    assert f"    {RULE.code}  {RULE.name}" in text
    assert text.count("  not seen: ") == len(GUIDELINES)


def test_one_guideline_can_be_asked_for(ran: Ran) -> None:
    [document] = json.loads(ran("guidelines", RULE.guideline, "--format", "json").out)
    assert document["id"] == RULE.guideline
    assert RULE.code in document["rules"]
    assert document["unseen"] == GUIDELINES[RULE.guideline].unseen
    assert ran("guidelines", "SEC-9").code == 2


def test_the_model_is_printed_for_people_and_programs(ran: Ran, pipeline: Pipeline) -> None:
    assert json.loads(ran("model", ".", "--format", "json").out) == shop.MODEL
    assert json.loads(ran("--show-model").out) == shop.MODEL
    text = ran("model").out
    assert all(route["path"] in text for route in shop.MODEL["routes"])


def test_the_model_names_the_roots_of_imports(program: Program) -> None:
    program.put({"src/shop/__init__.py": "", "src/shop/a.py": "", "tool.py": "import shop.a\n"})
    assert program("model", "--format", "json").json["roots"] == [".", "src"]
    assert "roots: ., src\n" in program("model").out


def test_several_projects_have_several_models(ran: Ran, project: Callable[..., Path]) -> None:
    project({"a/backend-lint.toml": "", "a/x.py": "", "b/backend-lint.toml": "", "b/y.py": ""})
    assert [model["root"] for model in json.loads(ran("model", "a", "b", "--format", "json").out)] == ["a", "b"]
