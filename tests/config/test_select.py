from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_lint.config import Config, Override, Overrides, Pattern, check_rules, is_selected, severity_of
from backend_lint.core import ConfigError, RuleInfo, Severity, guideline_of
from tests.config.project import configured

ROOT = Path("/project")


def rule(code: str, name: str, scope: str = "file", guideline: str = "") -> RuleInfo:
    return RuleInfo(code, name, guideline or guideline_of(code), Severity.MEDIUM, "", "", "", scope)


RULES = (
    rule("SEC201", "sql-injection", "project"),
    rule("SEC202", "command-injection"),
    rule("SEC403", "traceback-lost"),
    rule("API101", "verb-in-path", "project"),
    rule("DAT301", "n-plus-one", "project"),
    rule("B102", "exec-used", guideline="SEC-2"),
)


def selected(select: list[str], ignore: list[str]) -> list[str]:
    config = Config(root=ROOT, select=tuple(select), ignore=tuple(ignore))
    return [info.code for info in RULES if is_selected(info, config)]


@pytest.mark.parametrize(
    ("select", "ignore", "codes"),
    [
        (["ALL"], [], ["SEC201", "SEC202", "SEC403", "API101", "DAT301", "B102"]),
        (["SEC"], [], ["SEC201", "SEC202", "SEC403", "B102"]),
        (["SEC-2"], [], ["SEC201", "SEC202", "B102"]),
        (["SEC2"], ["SEC202"], ["SEC201", "B102"]),
        (["SEC40"], [], ["SEC403"]),
        (["n-plus-one"], ["ALL"], ["DAT301"]),
        (["scope:file"], [], ["SEC202", "SEC403", "B102"]),
        (["ALL"], ["scope:project", "SEC-4"], ["SEC202", "B102"]),
        (["SEC-2"], ["B"], ["SEC201", "SEC202"]),
        (["B1"], ["SEC"], ["B102"]),
        (["SEC", "sql-injection"], ["SEC-2"], ["SEC201", "SEC403"]),
        (["SEC"], ["SEC"], []),
        ([], [], []),
        (["sec"], [], []),
    ],
)
def test_the_most_specific_selector_decides(select: list[str], ignore: list[str], codes: list[str]) -> None:
    assert selected(select, ignore) == codes


LEVELS = ("ALL", "scope:project", "SEC", "SEC-2", "SEC20", "SEC201")
selectors = st.sampled_from([*LEVELS, "API", "API1", "DAT301", "sql-injection", "scope:file", "SEC2"])


@given(st.lists(selectors), st.lists(selectors), st.randoms(use_true_random=False))
def test_order_and_repetition_are_irrelevant(select: list[str], ignore: list[str], random: st.RandomModule) -> None:
    shuffled, repeated = list(select), [*ignore, *ignore]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    random.shuffle(repeated)  # type: ignore[attr-defined]
    assert selected(shuffled, repeated) == selected(select, ignore)


@given(st.lists(st.sampled_from(LEVELS)), st.lists(st.sampled_from(LEVELS)))
def test_a_rule_follows_the_most_specific_of_what_names_it(select: list[str], ignore: list[str]) -> None:
    deepest = {
        name: max((LEVELS.index(s) for s in found), default=-1) for name, found in (("on", select), ("off", ignore))
    }
    assert ("SEC201" in selected(select, ignore)) is (deepest["on"] > deepest["off"])


@given(st.lists(selectors), st.lists(selectors), selectors)
def test_selecting_more_never_loses_a_rule_and_ignoring_more_never_wins_one(
    select: list[str], ignore: list[str], more: str
) -> None:
    before = set(selected(select, ignore))
    assert before <= set(selected([*select, more], ignore))
    assert before >= set(selected(select, [*ignore, more]))


def test_severities_follow_the_most_specific_key() -> None:
    config = Config(root=ROOT, severity={"SEC": Severity.LOW, "SEC201": Severity.CRITICAL})
    severities = [severity_of(info, config, info.severity) for info in RULES]
    assert severities == [Severity.CRITICAL, Severity.LOW, Severity.LOW, Severity.MEDIUM, Severity.MEDIUM, Severity.LOW]


def overrides(*tables: Override) -> Overrides:
    return Overrides(Config(root=ROOT, overrides=tables))


def test_overrides_hold_for_their_paths_below_the_file_that_wrote_them() -> None:
    found = overrides(
        Override(paths=(Pattern("legacy/", ROOT / "app"), Pattern("!keep.py", ROOT / "app")), ignore=("SEC",))
    )
    assert found.is_ignored(RULES[0], "app/legacy/a.py")
    assert not found.is_ignored(RULES[0], "app/legacy/keep.py")
    assert not found.is_ignored(RULES[0], "legacy/a.py")
    assert not found.is_ignored(RULES[3], "app/legacy/a.py")


def test_the_last_override_that_speaks_of_a_rule_sets_its_severity() -> None:
    everywhere = Override(paths=(Pattern("*", ROOT),), severity={"SEC": Severity.LOW})
    tests = Override(paths=(Pattern("tests/", ROOT),), severity={"SEC201": Severity.INFO})
    found = overrides(everywhere, tests)
    assert found.severity(RULES[0], "tests/a.py", Severity.HIGH) is Severity.INFO
    assert found.severity(RULES[1], "tests/a.py", Severity.HIGH) is Severity.LOW
    assert found.severity(RULES[3], "tests/a.py", Severity.HIGH) is Severity.HIGH


def test_patterns_that_match_nothing_are_known() -> None:
    found = overrides(Override(paths=(Pattern("old/", ROOT), Pattern("app/*.py", ROOT), Pattern("!x", ROOT))))
    assert found.unmatched(["app/a.py"]) == (("overrides[0].paths.old/", "old/"),)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("select = [\n'SEC',\n'SEC999']", "3: unknown rule or group 'SEC999'"),
        ("ignore = ['sql-injektion']", "1: unknown rule or group 'sql-injektion'; did you mean 'sql-injection'?"),
        ("severity.SEC901 = 'low'", "1: unknown rule or group 'SEC901'; did you mean 'SEC201'?"),
        ("[[overrides]]\npaths = []\nignore = ['nplus-one']", "3: unknown rule or group 'nplus-one'; did you mean 'n-plus-one'?"),
        ("no-suppress = ['SEC-5']", "1: unknown rule or group 'SEC-5'; did you mean 'SEC-4'?"),
        ("\n[rules.n-plus-on]\nmax = 1", "2: unknown rule or group 'n-plus-on'; did you mean 'n-plus-one'?"),
    ],
)  # fmt: skip
def test_a_rule_that_does_not_exist_is_told_with_its_place(tmp_path: Path, table: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_rules(configured(tmp_path, table), RULES)
    assert str(caught.value).startswith(f"backend-lint.toml:{message}")


def test_an_unknown_rule_of_a_flag_names_the_flag(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"unknown rule or group 'XYZ' \(--select\)"):
        check_rules(configured(tmp_path, "", select=["XYZ"]), RULES)


def test_what_exists_is_accepted_though_no_rule_stands_under_it_yet() -> None:
    config = Config(root=ROOT, select=("ARC-4", "SEC403", "ALL"), ignore=("scope:project",), rules={"n-plus-one": {}})
    check_rules(config, RULES)
