"""`markdown`, `agent` and `jsonl`."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from backend_lint.core import Place
from backend_lint.report.markdown import code, escaped
from tests.report.shop import CLEAN, HOSTILE, REPORT, finding, shown

RENDERER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


class Elements(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


# Markdown


def test_markdown_of_hostile_text_has_no_element_of_its_own() -> None:
    page = Elements(RENDERER.render(shown("markdown")))
    known = {
        "h1",
        "h3",
        "p",
        "strong",
        "br",
        "ul",
        "ol",
        "li",
        "code",
        "pre",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert set(page.tags) <= known
    assert HOSTILE.replace("\x1b", r"\x1b").replace("::error", "::error") in page.text


def test_markdown_has_a_heading_a_finding() -> None:
    page = Elements(RENDERER.render(shown("markdown")))
    assert page.tags.count("h3") == len(REPORT.active)


@given(st.text(max_size=60))
def test_markdown_shows_any_text_as_it_is(text: str) -> None:
    page = Elements(RENDERER.render("before\n\n" + escaped(text) + "\n\nafter"))
    assert set(page.tags) <= {"p", "code"}
    shown_text = re.sub(r"\s", "", page.text)
    plain = "".join(each if each.isprintable() else "" for each in text)
    assert shown_text.startswith("before")
    assert shown_text.endswith("after")
    if "`" not in text and plain == text:
        assert shown_text == "before" + re.sub(r"\s", "", text) + "after"


@given(st.text(min_size=1, max_size=30).filter(str.strip).filter(str.isprintable))
def test_markdown_shows_any_text_as_code(text: str) -> None:
    page = Elements(RENDERER.render("x " + code(text)))
    assert page.tags == ["p", "code"]
    assert page.text.strip().removeprefix("x ").strip() == text.strip()


def test_markdown_fits_a_job_summary_and_is_cut_at_whole_findings() -> None:
    many = [
        finding("ARC101", Place(f"app/{number}.py", 1, 1, 1, 2), f"finding {number}: " + "words " * 40, "Do it. " * 20)
        for number in range(5_000)
    ]
    text = shown("markdown", msgspec.structs.replace(REPORT, findings=tuple(many)))
    count = text.count("\n### ")
    assert 900_000 < len(text.encode()) <= 1_048_576
    assert f"**{5_000 - count:,} more** are left out here: {5_000 - count:,} medium." in text
    assert text.count("**Instead**") == count


# Agents


def test_an_agent_reads_plain_lines_grouped_by_file() -> None:
    text = shown("agent")
    assert text.count("\napp/api/orders.py\n") == 1
    assert "│" not in text
    assert "━" not in text


def test_an_agent_reads_a_rules_reason_once() -> None:
    assert shown("agent").count("why: Nobody can see what it returns.") == 1


def test_an_agent_reads_the_edit_itself() -> None:
    assert '  edit (safe, --fix): 5:16-5:21 "error" -> "exception"\n' in shown("agent")


def test_an_agent_reads_the_way_of_the_data() -> None:
    assert "flow: 5:12 comes from the request > " in shown("agent")
    assert "> app/db.py:2:28 used as query text\n" in shown("agent")


def test_an_agent_is_told_how_to_get_the_rest() -> None:
    many = [finding("ARC101", Place(f"a{number}.py", 1, 1, 1, 2), "m", "h") for number in range(30)]
    report = msgspec.structs.replace(REPORT, findings=tuple(many))
    assert shown("agent", report).splitlines()[-1].startswith("10 more: 10 medium. All of them: --all;")
    assert "more:" not in shown("agent", report, show_all=True)


def test_an_agent_is_told_in_one_line_that_all_is_well() -> None:
    assert len(shown("agent", CLEAN).splitlines()) == 1


# JSON lines


def test_each_line_is_a_json_object_with_its_type() -> None:
    rows = [json.loads(line) for line in shown("jsonl").splitlines()]
    assert rows[0]["type"] == "run"
    assert rows[0]["schema_version"]
    assert [each["code"] for each in rows if each["type"] == "finding"] == [each.code for each in REPORT.findings]


@pytest.mark.parametrize("kind", ["rule", "diagnostic", "finding"])
def test_the_lines_hold_what_the_document_holds(kind: str) -> None:
    rows = [json.loads(line) for line in shown("jsonl").splitlines()]
    members = [{name: value for name, value in each.items() if name != "type"} for each in rows if each["type"] == kind]
    assert members == json.loads(shown("json"))[f"{kind}s"]
