from __future__ import annotations

import json

import pytest

from tests.program import LOGS, Program


@pytest.fixture
def shop(program: Program) -> Program:
    program.put({"backend-lint.toml": "select = ['SEC4']", "app.py": LOGS.format(name="charge")})
    return program


def test_the_score_is_that_of_the_report(shop: Program) -> None:
    document = shop("score", "--format", "json").json
    assert document["score"] == shop("--format", "json").json["score"]
    assert shop("score").out.splitlines()[0] == f"{document['score']['overall']:.1f} ({document['score']['letter']})"


def test_explain_names_the_next_steps(shop: Program) -> None:
    lines = shop("score", "--explain").out.splitlines()
    step = next(line for line in lines if line.startswith("  SEC403"))
    assert step.endswith("(1 findings, 1 with a safe fix)") or "1 finding" in step


def test_explain_fills_in_the_formula_of_a_guideline(shop: Program) -> None:
    lines = shop("score", "--explain", "SEC-4").out.splitlines()
    [debt] = [line for line in lines if line.startswith("  SEC403: ")]
    assert "clean + 10) = " in debt
    assert "100 % of the debt" in debt
    assert lines[-1].startswith("  100 · 1 / (1 + ")
    assert lines[-1].rpartition(" = ")[2] == lines[0].split()[1]


def test_what_was_not_assessed_says_so(shop: Program) -> None:
    assert shop("score", "--explain", "DAT-1").out.startswith("DAT-1 not assessed")


def test_an_unknown_guideline_is_misuse(shop: Program) -> None:
    outcome = shop("score", "--explain", "SEC-9")
    assert outcome.code == 2
    assert "there is no guideline 'SEC-9'; did you mean" in outcome.err


def test_a_score_is_compared_with_an_earlier_report(shop: Program) -> None:
    shop("--output", "json:before.json")
    shop("--fix", "-q")
    now = shop("score", "--compare", "before.json", "--format", "json").json["comparison"]
    assert now["comparable"] is True
    assert now["overall"] > 0
    assert now["guidelines"]["SEC-4"] > 0
    assert "Since before.json: +" in shop("score", "--compare", "before.json").out


def test_every_report_for_people_says_what_became_of_the_score(shop: Program) -> None:
    shop("--output", "json:before.json")
    shop("--fix", "-q")
    outcome = shop("--compare", "before.json", "--output", "markdown:out.md", "--output", "html:out.html")
    assert "\nSince before.json: +" in outcome.out
    assert "Since before.json: +" in shop.read("out.md")
    assert 'class="change up">▲ +' in shop.read("out.html")
    assert shop("--compare", "before.json", "--format", "json").json["comparison"]["guidelines"]["SEC-4"] > 0


@pytest.mark.parametrize(
    ("arguments", "why"), [(["--select", "SEC"], "other rules"), (["--ignore", "SEC403"], "other rules")]
)
def test_scores_of_other_rules_are_not_comparable(shop: Program, arguments: list[str], why: str) -> None:
    shop("--output", "json:before.json")
    said = shop("score", "--compare", "before.json", *arguments).out.splitlines()[-1]
    assert said.startswith("Not comparable with before.json: ")
    assert why in said


def test_scores_of_other_versions_or_models_are_not_comparable(shop: Program) -> None:
    report = shop("--format", "json").json
    report["tool"]["version"], report["score"]["model"] = "99.1.0", 9
    shop.put({"before.json": json.dumps(report)})
    said = shop("score", "--compare", "before.json").out.splitlines()[-1]
    assert "score model 9 then, 1 now" in said
    assert "version of backend-lint 99.1 then" in said


def test_what_is_no_report_cannot_be_compared_with(shop: Program) -> None:
    shop.put({"before.json": "[]"})
    assert shop("score", "--compare", "before.json").code == 2
    assert shop("score", "--compare", "nowhere.json").code == 2


def test_files_that_are_only_read_lend_no_clean_units(program: Program) -> None:
    clean = "".join(f"def f{number}():\n    return {number}\n\n\n" for number in range(50))
    program.put(
        {"backend-lint.toml": "select = ['SEC403']", "charge.py": LOGS.format(name="charge"), "clean.py": clean}
    )
    named = program("charge.py", "--format", "json").json
    assert named["inventory"]["files"] == 2
    (program.root / "clean.py").unlink()
    assert program("--format", "json").json["score"]["overall"] == named["score"]["overall"]
