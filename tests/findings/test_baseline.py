from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_lint.core import ConfigError, Finding, Place, State
from backend_lint.findings.baseline import Entry, accepted, match, read, write
from backend_lint.findings.fingerprint import fingerprinted
from tests.findings.samples import finding
from tests.findings.styles import Style, expressions, styles

PLAIN = Style(exploded=False, double_quotes=False, parenthesised=False, comments=False)


class Function(msgspec.Struct, frozen=True):
    """A function whose every statement is reported, each as an expression."""

    name: str
    statements: tuple[str, ...]

    def rendered(self, style: Style, gap: str) -> str:
        body = "".join(f"{gap}    x = {style.apply(each)}\n" for each in self.statements)
        return f"{gap}def {self.name}():\n{body}"

    def found(self, path: str, text: str, style: Style) -> list[Finding]:
        position, found = text.index(f"def {self.name}():"), []
        for each in self.statements:
            layout = style.apply(each)
            start = text.index(f"x = {layout}", position) + 4
            position = start + len(layout)
            at = Place(path, *line_column(text, start), *line_column(text, position))
            found.append(Finding(at=at, message="wrong", help="Mend it.", code="SEC201", scope=self.name))
        return found


Files = dict[str, list[Function]]


@st.composite
def projects(draw: st.DrawFn) -> Files:
    names = iter(draw(st.permutations([f"f{number}" for number in range(6)])))
    bodies = st.lists(expressions, min_size=1, max_size=3).map(tuple)
    return {
        path: [Function(next(names), draw(bodies)) for _ in range(draw(st.integers(0, 2)))]
        for path in ("a.py", "b.py", "c.py")
    }


def linted(files: Files, style: Style = PLAIN, gap: str = "") -> list[Finding]:
    texts = {path: "".join(each.rendered(style, gap) for each in functions) for path, functions in files.items()}
    found = [
        one for path, functions in files.items() for each in functions for one in each.found(path, texts[path], style)
    ]
    return fingerprinted(found, texts.__getitem__)


def left_over(before: list[Finding], after: list[Finding]) -> tuple[list[Finding], list[Entry]]:
    """What is new and what is stale after a change, had everything been accepted before it."""
    outcome = match(accepted(before), after, lambda path: True)
    return [each for each in outcome.findings if each.state is State.ACTIVE], list(outcome.stale)


@given(projects())
def test_an_unchanged_project_has_nothing_new_and_nothing_stale(files: Files) -> None:
    entries = accepted(linted(files))
    outcome = match(entries, linted(files), lambda path: True)
    assert all(each.state is State.BASELINED for each in outcome.findings)
    assert outcome.stale == ()
    assert outcome.entries == entries


@given(projects(), styles, st.sampled_from(["", "\n\n", "# a comment\n", "\n    # another = run(a)\n"]))
def test_blank_lines_comments_and_reformatting_make_nothing_new(files: Files, style: Style, gap: str) -> None:
    assert left_over(linted(files), linted(files, style, gap)) == ([], [])


@given(projects(), st.randoms(use_true_random=False))
def test_moving_functions_within_their_file_makes_nothing_new(files: Files, luck: random.Random) -> None:
    moved = {path: luck.sample(functions, len(functions)) for path, functions in files.items()}
    assert left_over(linted(files), linted(moved)) == ([], [])


@given(projects(), st.randoms(use_true_random=False))
def test_moving_functions_between_files_makes_nothing_new(files: Files, luck: random.Random) -> None:
    moved: Files = {path: [] for path in [*files, "new.py"]}
    for each in (each for functions in files.values() for each in functions):
        moved[luck.choice(list(moved))].append(each)
    assert left_over(linted(files), linted(moved)) == ([], [])


@given(projects(), st.permutations(["a.py", "b.py", "x.py", "pkg/y.py"]))
def test_renaming_files_makes_nothing_new(files: Files, names: list[str]) -> None:
    renamed = dict(zip(names, files.values(), strict=False))
    assert left_over(linted(files), linted(renamed)) == ([], [])


@given(projects(), expressions, st.sampled_from(["a.py", "b.py", "c.py"]))
def test_a_finding_in_a_new_function_is_new(files: Files, expression: str, path: str) -> None:
    grown = files | {path: [Function("g", (expression,)), *files[path]]}
    fresh, stale = left_over(linted(files), linted(grown))
    assert ([each.scope for each in fresh], stale) == (["g"], [])


@given(projects())
def test_a_copied_function_is_new(files: Files) -> None:
    copied = files | {"copy.py": files["a.py"]}
    fresh, stale = left_over(linted(files), linted(copied))
    assert [each.at.path for each in fresh] == ["copy.py" for each in files["a.py"] for _ in each.statements]
    assert stale == []


keys = st.builds(
    Entry,
    path=st.sampled_from(["a.py", "b.py"]),
    fingerprint=st.sampled_from(["f1", "f2", "f3"]),
    code=st.sampled_from(["SEC201", "SEC202"]),
    scope=st.sampled_from(["", "f"]),
    sketch=st.sampled_from(["", "0102", "010203", "ffeedd"]),
)


def found_as(entries: list[Entry]) -> list[Finding]:
    return [
        finding(line, each.code, path=each.path, scope=each.scope, fingerprint=each.fingerprint, sketch=each.sketch)
        for line, each in enumerate(entries, 1)
    ]


@given(st.lists(keys, max_size=8), st.lists(keys, max_size=8), st.randoms(use_true_random=False))
def test_matching_is_one_to_one_and_independent_of_order(
    old: list[Entry], now: list[Entry], luck: random.Random
) -> None:
    outcome = match(old, found_as(now), lambda path: True)
    hidden = [each for each in outcome.findings if each.state is State.BASELINED]
    assert len(hidden) == len(old) - len(outcome.stale) == len(outcome.entries)
    again = match(luck.sample(old, len(old)), luck.sample(found_as(now), len(now)), lambda path: True)
    assert (again.stale, again.entries) == (outcome.stale, outcome.entries)
    assert states(again.findings) == states(outcome.findings)


@given(st.lists(keys, max_size=8), st.lists(keys, max_size=8))
def test_pruning_settles_at_once(old: list[Entry], now: list[Entry]) -> None:
    outcome = match(old, found_as(now), lambda path: True)
    again = match(outcome.entries, found_as(now), lambda path: True)
    assert (again.stale, again.entries) == ((), outcome.entries)


@given(st.lists(keys, max_size=8), st.lists(keys, max_size=8))
def test_entries_of_files_out_of_scope_are_left_alone(old: list[Entry], now: list[Entry]) -> None:
    in_scope = [each for each in now if each.path == "a.py"]
    outcome = match(old, found_as(in_scope), lambda path: path == "a.py")
    elsewhere = [each for each in old if each.path != "a.py"]
    assert [each for each in outcome.entries if each.path != "a.py"] == sorted(elsewhere)
    assert all(each.path == "a.py" for each in outcome.stale)
    near = match([each for each in old if each.path == "a.py"], found_as(in_scope), lambda path: True)
    assert states(near.findings) == states(outcome.findings)


def entry(path: str = "a.py", fingerprint: str = "f1", scope: str = "f", sketch: str = "01020304") -> Entry:
    return Entry(path, fingerprint, "SEC201", scope, sketch)


def hidden(old: list[Entry], now: list[Entry]) -> list[bool]:
    return [each.state is State.BASELINED for each in match(old, found_as(now), lambda path: True).findings]


def test_as_many_equal_findings_stay_accepted_as_there_were() -> None:
    assert hidden([entry()], [entry(), entry()]) == [True, False]
    assert hidden([entry(), entry()], [entry()]) == [True]


def test_a_move_is_followed_when_it_can_only_be_one() -> None:
    assert hidden([entry("a.py")], [entry("b.py")]) == [True]
    assert hidden([entry("a.py")], [entry("b.py"), entry("c.py")]) == [False, False]
    assert hidden([entry("a.py"), entry("b.py")], [entry("c.py")]) == [False]
    assert hidden([entry("a.py"), entry("b.py")], [entry("c.py"), entry("c.py")]) == [False, False]
    assert hidden([entry("a.py")], [entry("a.py"), entry("b.py")]) == [True, False]


def test_equal_findings_move_together_or_not_at_all() -> None:
    assert hidden([entry("a.py"), entry("a.py")], [entry("b.py"), entry("b.py")]) == [True, True]
    assert hidden([entry("a.py"), entry("a.py")], [entry("b.py")]) == [False]


def test_an_edited_finding_is_followed_in_its_definition() -> None:
    edited = entry(fingerprint="f2", sketch="010203ff")
    assert hidden([entry()], [edited]) == [True]
    assert hidden([entry(scope="g")], [edited]) == [False]
    assert hidden([entry("b.py")], [edited]) == [False]


def test_a_fix_and_a_regression_do_not_cancel() -> None:
    assert hidden([entry()], [entry(fingerprint="f2", sketch="aabbccdd")]) == [False]


def test_an_edit_that_could_be_of_several_is_new() -> None:
    one, other = entry(fingerprint="f2", sketch="010203ff"), entry(fingerprint="f3", sketch="01020304")
    assert hidden([entry()], [one, other]) == [False, False]
    assert hidden([entry()], [one, entry(fingerprint="f3", sketch="aabbccdd")]) == [False, False]
    assert hidden([entry(), entry(sketch="010203aa")], [one, other]) == [False, False]


def test_edits_that_can_be_told_apart_are_followed_each() -> None:
    old = [entry(fingerprint="f1", sketch="01020304"), entry(fingerprint="f2", sketch="aabbccdd")]
    now = [entry(fingerprint="f3", sketch="aabbccff"), entry(fingerprint="f4", sketch="010203ff")]
    assert hidden(old, now) == [True, True]


def test_without_text_nothing_is_similar() -> None:
    assert hidden([entry(sketch="")], [entry(fingerprint="f2", sketch="")]) == [False]


def test_a_suppressed_finding_needs_no_entry() -> None:
    [quiet] = found_as([entry()])
    quiet = msgspec.structs.replace(quiet, state=State.SUPPRESSED)
    assert accepted([quiet]) == ()
    assert match([entry()], [quiet], lambda path: True).stale == (entry(),)


def test_the_file_has_one_sorted_entry_a_line(tmp_path: Path) -> None:
    path = tmp_path / "baseline.jsonl"
    write(path, [entry("b.py"), entry("a.py", "f2"), entry("a.py", "f1"), entry("a.py", "f1")])
    lines = path.read_text("utf-8").splitlines()
    assert [(line["path"], line["fingerprint"]) for line in map(msgspec.json.decode, lines)] == [
        ("a.py", "f1"),
        ("a.py", "f1"),
        ("a.py", "f2"),
        ("b.py", "f1"),
    ]
    assert lines[0] == '{"path":"a.py","fingerprint":"f1","code":"SEC201","scope":"f","sketch":"01020304"}'
    assert list(tmp_path.iterdir()) == [path]


@given(entries=st.lists(keys, max_size=8))
def test_what_is_written_is_read_again(entries: list[Entry], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("baseline") / "baseline.jsonl"
    write(path, entries)
    first = path.read_bytes()
    assert Counter(read(path)) == Counter(entries)
    write(path, read(path)[::-1])
    assert path.read_bytes() == first


def test_a_windows_checkout_and_blank_lines_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "baseline.jsonl"
    write(path, [entry("a.py"), entry("b.py")])
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + b"\r\n")
    assert read(path) == (entry("a.py"), entry("b.py"))


def test_odd_names_survive(tmp_path: Path) -> None:
    path, odd = tmp_path / "baseline.jsonl", entry("größe\u2028 \x85.py")
    write(path, [odd])
    assert read(path) == (odd,)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b'{"path": "a.py"}\n', 1),
        (b"\n<<<<<<< HEAD\n", 2),
        (b"[]\n", 1),
        (b'{"path":"a","fingerprint":"f","code":"c","scope":"","sketch":"xyz"}\n', 1),
        (b"\xff\n", None),
    ],
)
def test_a_file_that_holds_something_else_is_an_error(tmp_path: Path, content: bytes, line: int | None) -> None:
    path = tmp_path / "baseline.jsonl"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        read(path)
    assert (error.value.path, error.value.line) == (path.as_posix(), line)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / "missing.jsonl")
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path)


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        write(tmp_path / "missing" / "baseline.jsonl", [])


def states(findings: tuple[Finding, ...]) -> Counter[tuple[str, str, State]]:
    return Counter((each.at.path, each.fingerprint, each.state) for each in findings)


def line_column(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
