from __future__ import annotations

import pytest

from tests.program import LOGS, Program

CONFIG = "baseline = 'accepted.jsonl'\nselect = ['SEC403']\nfail-on = 'low'\n"


@pytest.fixture
def shop(program: Program) -> Program:
    """A project that has accepted its one finding."""
    program.put({"backend-lint.toml": CONFIG, "app.py": LOGS.format(name="charge")})
    assert program("baseline", "write").code == 0
    return program


def test_what_was_accepted_is_reported_and_fails_nothing(shop: Program) -> None:
    outcome = shop("--format", "json")
    assert (outcome.code, outcome.found, outcome.accepted) == (0, [], ["app.py:10 SEC403"])


def test_what_is_new_fails(shop: Program) -> None:
    shop.write(refunds=LOGS.format(name="refund"))
    outcome = shop("--format", "json")
    assert (outcome.code, outcome.found) == (1, ["refunds.py:10 SEC403"])


def test_one_entry_hides_one_finding(shop: Program) -> None:
    text = LOGS.format(name="charge")
    shop.write(app=text + '        log.error("charge failed")\n')
    assert len(shop("--format", "json").found) == 1


def test_it_survives_what_moves_or_formats_the_code(shop: Program) -> None:
    text = (
        LOGS.format(name="charge").replace('"charge failed"', "'charge failed'").replace("import", "# a\n\nimport", 1)
    )
    (shop.root / "app.py").unlink()
    shop.write(payments__app=text)
    assert shop("--format", "json").found == []


def test_writing_again_gives_the_same_bytes(shop: Program) -> None:
    once = shop.read("accepted.jsonl")
    shop("baseline", "write")
    assert shop.read("accepted.jsonl") == once
    assert len(once.splitlines()) == 1
    assert '"line"' not in once


def test_a_stale_entry_is_told_and_fails_on_demand(shop: Program) -> None:
    shop.write(app="x = 1\n")
    outcome = shop("--format", "json")
    assert outcome.code == 0
    assert "an entry of SEC403 in the baseline matches nothing any more" in outcome.json["diagnostics"][0]["message"]
    failed = shop("--format", "json", "--fail-on-stale-baseline")
    assert failed.code == 1
    assert "1 stale entry in the baseline" in failed.json["gate"]["reasons"][0]


def test_entries_out_of_scope_are_not_stale(shop: Program) -> None:
    shop.write(other="x = 1\n")
    assert shop("--format", "json", "--fail-on-stale-baseline", "other.py").code == 0


def test_check_says_what_is_new_and_what_is_gone(shop: Program) -> None:
    assert shop("baseline", "check").code == 0
    shop.write(app="x = 1\n", refunds=LOGS.format(name="refund"))
    outcome = shop("baseline", "check")
    assert outcome.code == 1
    assert outcome.out.splitlines()[0].startswith("refunds.py:10:9: SEC403 traceback-lost is new: ")
    assert outcome.out.splitlines()[1] == "app.py: SEC403 gone (charge)"


def test_prune_takes_out_what_is_gone_and_accepts_nothing(shop: Program) -> None:
    shop.write(app="x = 1\n", refunds=LOGS.format(name="refund"))
    shop("baseline", "prune")
    assert shop.read("accepted.jsonl") == ""
    assert shop("--format", "json").code == 1


def test_writing_for_one_file_keeps_the_entries_of_others(shop: Program) -> None:
    shop.write(refunds=LOGS.format(name="refund"))
    shop("baseline", "write", "refunds.py")
    assert [line.split('"')[3] for line in shop.read("accepted.jsonl").splitlines()] == ["app.py", "refunds.py"]


@pytest.mark.parametrize("content", [None, "{not json"])
def test_a_baseline_that_cannot_be_used_is_never_taken_for_none(shop: Program, content: str | None) -> None:
    if content is None:
        (shop.root / "accepted.jsonl").unlink()
    else:
        shop.put({"accepted.jsonl": content})
    outcome = shop()
    assert outcome.code == 2
    assert "error: accepted.jsonl" in outcome.err


def test_without_a_configured_file_it_says_how_to_use_the_one_it_writes(program: Program) -> None:
    program.write(app=LOGS.format(name="charge"))
    assert 'baseline = "backend-lint-baseline.jsonl"' in program("baseline", "write").err


def test_nothing_is_accepted_while_something_cannot_be_read(shop: Program) -> None:
    shop.write(broken="def f(:\n")
    assert shop("baseline", "write").code == 2
