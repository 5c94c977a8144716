"""The HTML report in a real browser, where there is one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.report.shop import CLEAN, REPORT, shown
from tests.report.test_html import many_shown

playwright = pytest.importorskip("playwright.sync_api")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")

SHOWN = ".f:not([hidden])"


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with playwright.sync_playwright() as driver:
        arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        chromium = driver.chromium.launch(executable_path=BROWSER, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("html") / "report.html"
    path.write_text(shown("html"), "utf-8")
    return path


class Visit:
    """A page, and all that went wrong or out while it was open."""

    def __init__(self, browser, file: Path, fragment: str = "", **how) -> None:
        self.trouble: list[str] = []
        self.context = browser.new_context(**how)
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.trouble.append(message.text))
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("dialog", lambda dialog: self.trouble.append(dialog.message))
        self.page.on(
            "request", lambda request: self.trouble.append(request.url) if request.url != file.as_uri() else None
        )
        self.page.goto(file.as_uri() + fragment)

    def __enter__(self):
        return self.page

    def __exit__(self, *_: object) -> None:
        self.context.close()
        assert [each for each in self.trouble if not each.startswith("file:")] == []

    @staticmethod
    def places(page) -> list[str]:
        return page.locator(f"{SHOWN} > summary > .at").all_text_contents()


def test_new_findings_are_shown_the_worst_open(browser, file: Path) -> None:
    with Visit(browser, file) as page:
        assert page.locator(SHOWN).count() == len(REPORT.active)
        assert page.locator("output").text_content() == "9 findings"
        assert page.locator(f"{SHOWN}[open]").count() == 3
        assert page.locator(f"{SHOWN} >> nth=0").get_attribute("data-k").startswith("critical")


@pytest.mark.parametrize(
    ("name", "value", "count"),
    [
        ("text", "COMMAND", 1),
        ("text", "query text", 1),
        ("path", "app/api", 2),
        ("guideline", "SEC-1", 1),
        ("rule", "ARC101", 2),
        ("state", "suppressed", 1),
        ("state", "all", 11),
    ],
)
def test_a_filter_leaves_what_passes_it_and_stands_in_the_address(
    browser, file: Path, name: str, value: str, count: int
) -> None:
    with Visit(browser, file) as page:
        control = page.locator(f".filters [name={name}]")
        control.fill(value) if name in ("text", "path") else control.select_option(value)
        assert page.locator(SHOWN).count() == count
        assert f"{name}=" in page.url
        address = page.url.split("#")[1]
    with Visit(browser, file, f"#{address}") as page:
        assert page.locator(SHOWN).count() == count
        assert page.locator(f".filters [name={name}]").input_value() == value


def test_severities_add_up_and_reset_shows_all(browser, file: Path) -> None:
    with Visit(browser, file, "#findings?severity=critical&severity=low") as page:
        assert page.locator(SHOWN).count() == 3
        assert page.locator("output").text_content() == "3 of 9 findings"
        page.locator("button[type=reset]").click()
        page.wait_for_function("document.querySelector('output').value === '9 findings'")
        assert page.url.endswith("#findings")


def test_a_guideline_a_step_and_a_hot_spot_lead_to_their_findings(browser, file: Path) -> None:
    with Visit(browser, file) as page:
        page.locator("[data-guideline=ARC-1]").click()
        assert Visit.places(page) == ["app/hostile.py:2:1", "app/hostile.py:3:1"]
        page.locator("#next a[data-rule=SEC101]").click()
        assert Visit.places(page) == ["app/api/orders.py:1:1"]
        page.locator("#hot a[data-path='app/gone.py']").click()
        assert Visit.places(page) == ["app/gone.py:7:5"]


def test_a_filter_that_nothing_passes_says_so(browser, file: Path) -> None:
    with Visit(browser, file, "#findings?text=nonesuch") as page:
        assert page.locator(SHOWN).count() == 0
        assert page.locator(".empty").is_visible()


def test_findings_can_be_grouped_by_file_and_back(browser, file: Path) -> None:
    with Visit(browser, file) as page:
        before = Visit.places(page)
        page.locator(".filters [name=group]").select_option("file")
        assert page.locator(".group:not([hidden]) h3").all_text_contents()[:2] == [
            "app/reports.py",
            "app/api/orders.py",
        ]
        assert sorted(Visit.places(page)) == sorted(before)
        page.locator(".filters [name=group]").select_option("")
        assert Visit.places(page) == before


def test_the_keyboard_is_enough(browser, file: Path) -> None:
    with Visit(browser, file) as page:
        page.keyboard.press("/")
        page.keyboard.type("orders")
        assert page.locator(SHOWN).count() == 2
        page.keyboard.press("Escape")
        page.keyboard.press("j")
        page.keyboard.press("j")
        focused = page.evaluate("document.activeElement.closest('.f').querySelector('.at').textContent")
        assert focused == Visit.places(page)[1]
        was_open = page.evaluate("document.activeElement.parentElement.open")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.parentElement.open") != was_open
        page.keyboard.press("k")
        assert (
            page.evaluate("document.activeElement.closest('.f').querySelector('.at').textContent")
            == Visit.places(page)[0]
        )


def test_everything_can_be_reached_by_tab(browser, file: Path) -> None:
    with Visit(browser, file) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        seen = set()
        for _ in range(120):
            page.keyboard.press("Tab")
            seen.add(
                page.evaluate(
                    "document.activeElement.closest('section, nav, footer')?.id || document.activeElement.tagName"
                )
            )
        assert {"guidelines", "next", "findings", "backend"} <= seen


def test_without_javascript_everything_is_there_and_open(browser, file: Path) -> None:
    with Visit(browser, file, java_script_enabled=False) as page:
        assert page.locator("details:not([open])").count() == 0
        assert page.locator(".filters").is_hidden()
        assert page.locator(".f").count() == len(REPORT.findings)
        assert page.locator(".f pre").first.is_visible()


def test_dark_and_light_follow_the_system_and_can_be_read(browser, file: Path) -> None:
    def contrast(scheme: str) -> float:
        with Visit(browser, file, color_scheme=scheme) as page:
            colours = page.evaluate(
                "['color', 'backgroundColor'].map((name) => getComputedStyle(document.body)[name].match(/\\d+/g).map(Number))"
            )
        ink, paper = (
            sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), each, strict=False))
            for each in colours
        )
        return ink - paper

    assert contrast("light") < -150
    assert contrast("dark") > 150


def test_print_has_no_controls_and_opens_what_was_closed(browser, file: Path) -> None:
    with Visit(browser, file, color_scheme="dark") as page:
        page.emulate_media(media="print")
        assert page.locator("nav").is_hidden()
        assert page.locator(".filters").is_hidden()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details:not([open])").count() == 0
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("details:not([open])").count() > 0


@pytest.mark.parametrize("width", [390, 1280, 1920])
@pytest.mark.parametrize("name", ["findings", "clean"])
def test_nothing_sticks_out_of_the_window(browser, tmp_path: Path, width: int, name: str) -> None:
    path = tmp_path / "report.html"
    path.write_text(shown("html", CLEAN if name == "clean" else REPORT), "utf-8")
    with Visit(browser, path, viewport={"width": width, "height": 900}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        cut = page.evaluate(
            """[...document.querySelectorAll("main *")].filter((each) => !each.closest("pre, .scroll, svg, [hidden]"))
               .filter((each) => each.getBoundingClientRect().right > innerWidth + 1).map((each) => each.outerHTML.slice(0, 80))"""
        )
        assert cut == []


def test_five_thousand_findings_are_filtered(browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(many_shown(5_000), "utf-8")
    choose = """([name, value]) => {
        const form = document.querySelector(".filters");
        form.elements[name].value = value;
        form.dispatchEvent(new Event("input", {bubbles: true}));
    }"""
    with Visit(browser, path) as page:
        page.evaluate("new Promise((done) => requestIdleCallback(done))")
        for name, value in (("text", "handler_12"), ("guideline", "SEC-2"), ("path", "package_3")):
            page.evaluate(choose, [name, value])
            assert 0 < page.locator(SHOWN).count() < 5_000
            page.evaluate(choose, [name, ""])
