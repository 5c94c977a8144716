"""The HTML report as text: what it holds, and what it can never do."""

from __future__ import annotations

import base64
import hashlib
import random
import re

import msgspec
import pytest
from lxml import html

from backend_lint.core import GUIDELINES, Place, Report, Step
from backend_lint.report import render
from tests.report.shop import CLEAN, HOSTILE, REPORT, RULES, SCORE, finding, shown

LINES = [
    f"    value_{number} = compute(request.args['key_{number}'], session, limit={number})\n" for number in range(200)
]


def many(count: int) -> Report:
    """A report of a big project, always the same."""
    chance = random.Random(count)

    def one(number: int):
        rule, line = chance.choice(RULES), chance.randint(3, 195)
        path = f"src/app/package_{number % 40}/module_{number % 500}.py"
        steps = (
            Step(Place(path, line - 2, 5, line - 2, 12), "comes in"),
            Step(Place(path, line, 15, line, 40), "is used"),
        )
        return finding(
            rule.code,
            Place(path, line, 15, line, 40),
            f"`value_{number}` is read from the request and reaches `compute` unchecked in `handler_{number}`",
            "Check it first: declare the parameter as `int`, or use an `Enum` of the allowed values.",
            trace=steps if rule.code == "SEC201" else (),
            fingerprint=f"{chance.getrandbits(128):032x}",
        )

    return msgspec.structs.replace(
        REPORT, findings=tuple(sorted(map(one, range(count)), key=lambda each: each.sort_key))
    )


def many_shown(count: int) -> str:
    return render("html", many(count), lines=lambda path: LINES)


def tree(report: Report = REPORT, **how):
    return html.fromstring(shown("html", report, **how))


def text_of(page, id: str) -> str:
    return " ".join(page.get_element_by_id(id).text_content().split())


@pytest.mark.parametrize("report", [REPORT, CLEAN, many(300)], ids=["findings", "clean", "many"])
def test_nothing_in_the_page_loads_sends_or_runs_but_its_own_two_texts(report: Report) -> None:
    page = tree(report)
    assert [
        element.tag for element in page.iter("script", "style", "link", "img", "iframe", "object", "embed", "base")
    ] == [
        "style",
        "script",
    ]
    attributes = {name for element in page.iter() for name in element.attrib}
    assert not [name for name in attributes if name.startswith("on")]
    assert not attributes & {"src", "srcset", "style", "action", "formaction", "background", "poster"}
    links = {element.get("href") for element in page.iter("a")}
    assert all(re.match(r"#\w*$|https://cwe\.mitre\.org/data/definitions/\d+\.html$", link) for link in links)


def test_the_policy_allows_the_two_texts_by_their_hashes() -> None:
    page = tree()
    policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        digest = hashlib.sha256(page.find(f".//{tag}").text.encode()).digest()
        assert f"{tag}-src 'sha256-{base64.b64encode(digest).decode()}'" in policy


def test_hostile_text_is_text() -> None:
    page = tree()
    assert HOSTILE.replace("\x1b", r"\x1b").replace("`", "") in page.text_content().replace("`", "")
    assert "app/weird & <name>.py" in page.text_content()
    assert not page.xpath("//name | //img")


def test_each_guideline_has_its_cell_and_says_why_where_it_is_not_assessed() -> None:
    cells = {each.get("data-guideline"): each.text_content() for each in tree().xpath("//a[@data-guideline]")}
    assert list(cells) == list(GUIDELINES)
    assert "37.9" in cells["SEC-2"]
    assert "1 critical" in cells["SEC-2"]
    assert "not assessed" in cells["ARC-2"]
    assert "not assessed" not in cells["SEC-3"]


def test_a_guideline_with_nothing_to_look_at_names_what_was_looked_for() -> None:
    guidelines = tuple(
        msgspec.structs.replace(each, score=None, active_rules=5) if each.id == "DAT-3" else each
        for each in SCORE.guidelines
    )
    report = msgspec.structs.replace(REPORT, score=msgspec.structs.replace(SCORE, guidelines=guidelines))
    assert "nothing to look at: no query found" in text_of(tree(report), "guidelines")


def test_the_header_has_the_verdict_the_score_and_why_it_is_capped() -> None:
    header = text_of(tree(), "top")
    for told in ("shop", "4f2c9d1", "211 of 212 files", "Failed: 10 findings", "50.0D", "capped at 50 by 1 critical"):
        assert told in header
    assert "1 baselined · 1 suppressed" in header


def test_the_next_steps_add_up() -> None:
    rows = [row.text_content() for row in tree().xpath("//section[@id='next']//tbody/tr")]
    assert len(rows) == 3
    assert "+30.0" in rows[0]
    assert "80.0" in rows[0]
    assert rows[2].strip().endswith("91.0")


def test_a_data_flow_is_numbered_across_files() -> None:
    (found,) = tree().xpath("//details[starts-with(@data-k, 'critical')]")
    assert found.xpath(".//p[@class='file']/text()") == ["app/reports.py", "app/db.py"]
    assert [each.text_content() for each in found.xpath(".//em/b")] == ["①", "②", "③", "④"]
    assert found.xpath(".//mark/text()") == ['request.query_params["q"]', "f\"select * from report where title like '%{term}%'\"", "run(sql)", "text(sql)"]  # fmt: skip


def test_a_fix_is_a_diff() -> None:
    page = tree()
    assert '-        logger.error("charge failed for %s", order.id)' in page.xpath("//del/text()")
    assert '+        logger.exception("charge failed for %s", order.id)' in page.xpath("//ins/text()")


def test_a_suppression_is_there_to_copy_with_its_reason_left_to_fill_in() -> None:
    assert "# backend-lint: ignore[SEC201] -- reason" in tree().xpath("//code[@class='copy']/text()")


def test_the_backend_is_shown_as_it_was_understood() -> None:
    backend = text_of(tree(), "backend")
    for told in (
        "/reports/{report_id}/search",
        "current_user",
        "limiter",
        "customer_id",
        "→ customers.id",
        "httpx",
        "app.tasks.send_invoice",
    ):
        assert told in backend
    assert "OrderOut</script>" not in backend


def test_the_layers_are_drawn_and_their_violations_stand_out() -> None:
    (picture,) = tree().xpath("//svg[contains(@class, 'layers')]")
    assert [each.text for each in picture.xpath(".//text[@class='name']")] == ["api", "services", "data"]
    arrows = [each.get("class") for each in picture.xpath("./path")]
    assert arrows == ["arrow", "arrow", "arrow bad"]


@pytest.mark.parametrize("model", [b"null", b"{}", b'{"routes": [{"path": "/x"}], "unknown": 1, "models": [{}]}'])
def test_a_model_that_lacks_things_is_shown_all_the_same(model: bytes) -> None:
    assert text_of(tree(msgspec.structs.replace(REPORT, model=model)), "backend")


def test_what_was_not_checked_is_told_in_full() -> None:
    told = text_of(tree(), "unchecked")
    for each in (
        "app/old.py:14",
        "API401 is off: backend-lint.toml:7",
        "31 of 34 rules active",
        "3 results of Bandit's B608",
    ):
        assert each in told


def test_suppressions_have_their_reasons_and_their_density() -> None:
    told = text_of(tree(), "quiet")
    assert "the gateway logs it" in told
    assert "0.03 for each thousand lines" in told
    assert "1 × API301" in told


def test_the_score_can_be_computed_again_from_the_page() -> None:
    told = text_of(tree(), "score")
    for each in ("P / (clean + 10)", "score model 1", "0.2941", "0.3165", "0.500", "37.9"):
        assert each in told


def test_hot_spots_are_sorted_by_what_they_cost() -> None:
    links = tree().xpath("//section[@id='hot']//a/@data-path")
    assert links[0] == "app/api/orders.py"
    assert "app/settings.py" not in links


def test_times_are_in_the_footer_on_request_only() -> None:
    assert "1.250 s" not in shown("html")
    assert "parse 1.250 s" in shown("html", timing=True)


def test_five_thousand_findings_fit_in_five_megabytes_and_it_says_what_that_cost() -> None:
    page = many_shown(5_000)
    assert 3_000_000 < len(page.encode()) < 5_000_000
    parsed = html.fromstring(page)
    found = parsed.xpath("//details[contains(concat(' ', @class, ' '), ' f ')]")
    without_code = sum(not each.xpath(".//pre") for each in found)
    assert len(found) == 5_000
    assert f"{without_code:,} findings are shown without code" in page
    assert all(each.xpath(".//pre") for each in found if each.get("data-k").startswith("critical"))


def test_more_findings_than_fit_are_left_out_and_counted() -> None:
    page = many_shown(12_000)
    assert len(page.encode()) < 5_000_000
    found = len(re.findall('<details class="f"', page))
    assert f"{12_000 - found:,} findings are left out" in page


def test_long_lines_of_source_are_cut_around_their_mark() -> None:
    long = "x" * 5_000 + "bad" + "y" * 5_000
    found = finding("ARC101", Place("a.py", 1, 5_001, 1, 5_004), "m", "h")
    page = html.fromstring(
        render("html", msgspec.structs.replace(REPORT, findings=(found,)), lines=lambda path: [long])
    )
    assert page.xpath("//mark/text()") == ["bad"]
    assert len(page.xpath("//pre")[0].text_content()) < 300
