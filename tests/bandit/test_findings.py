from __future__ import annotations

from collections.abc import Collection

from backend_lint.bandit import findings, results
from backend_lint.core import Confidence, Severity, State


def said(text: str, installed: Collection[str] = ()) -> list[str]:
    """The findings in a file as `B307 medium/high`, severity and confidence."""
    found = findings(results("app.py", text.encode())[0], installed)
    return [f"{each.code} {each.severity.value}/{each.confidence.value}" for each in found]


def test_a_finding_says_what_is_wrong_and_what_to_do_in_our_words() -> None:
    (found,) = findings(results("app.py", b"from pickle import loads\nloads(body)\n")[0])
    assert (found.code, found.name, found.guideline) == ("B301", "pickle", "SEC-2")
    assert found.message == "`pickle.loads` runs code that the bytes it reads may carry"
    assert found.help == "Exchange JSON, or sign the bytes and check the signature before loading them."
    assert (found.cwe, found.owasp) == ((502,), ("A08:2021", "A08:2025"))
    assert str(found.at) == "app.py:2:1"


def test_a_verdict_is_evidence_where_a_rule_of_ours_decides() -> None:
    text = "import subprocess\nsubprocess.run(command, shell=True)\n"
    assert said(text) == ["B602 high/high"]
    assert said(text, {"SEC201"}) == ["B602 high/high"]
    assert said(text, {"SEC202"}) == []


def test_a_verdict_that_a_rule_may_still_refute_is_reported_with_less_confidence() -> None:
    assert said("eval(x)\n") == ["B307 medium/high"]
    assert said("eval(x)\n", {"SEC203"}) == ["B307 medium/low"]


def test_a_verdict_that_nobody_takes_over_is_reported_as_it_is() -> None:
    text = "import tempfile\nname = tempfile.mktemp()\n"
    assert said(text) == said(text, {"SEC201", "SEC202", "SEC203"}) == ["B306 medium/high"]


def test_what_bandit_ranks_lower_stays_lower() -> None:
    text = "import subprocess\nsubprocess.run('uptime', shell=True)\n"
    assert said(text) == ["B602 low/high"]
    (found,) = findings(results("app.py", text.encode())[0])
    assert (found.severity, found.confidence) == (Severity.LOW, Confidence.HIGH)


def test_what_a_comment_waives_is_for_a_later_stage_to_decide() -> None:
    (found,) = findings(results("app.py", b"eval(x)  # nosec B307\n")[0])
    assert found.state is State.ACTIVE


def test_two_equal_calls_are_two_findings() -> None:
    first, second = findings(results("app.py", b"eval(x)\neval(x)\n")[0])
    assert first.sort_key < second.sort_key
