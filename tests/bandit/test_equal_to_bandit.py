"""Our way through a file is not Bandit's; the verdicts must be."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_lint.bandit import checks, results
from tests.bandit.examples import EXAMPLES
from tests.bandit.original import Verdict, verdicts

ALL = frozenset(checks())


def ours(content: bytes) -> list[Verdict]:
    found, _ = results("app.py", content, ALL)
    return sorted(
        (each.test_id, each.at.line, each.severity.name, each.confidence.name, each.text)
        for each in found
        if not each.waived
    )


@pytest.mark.parametrize("code", EXAMPLES)
def test_every_check_reports_its_example_as_bandit_does(code: str) -> None:
    content = EXAMPLES[code].encode()
    expected, _ = verdicts(content)
    assert code in {test_id for test_id, *_ in expected}
    assert [each for each in ours(content) if each[0] != "B613"] == [each for each in expected if each[0] != "B613"]


SNIPPETS = [text for code, text in EXAMPLES.items() if code != "B613"]
COMMENTS = ["", "  # nosec", "  # nosec B602", "  # nosec: B105, B404", "  # nosec exec_used because", "  # ünïcode"]
WRAPPERS = [
    "{}",
    "def outer(first='é', token='x'):\n{}",
    "class Öuter:\n    async def inner(self):\n{}",
    "for each in ['ö' for _ in ('token',)]:\n{}",
    "match command:\n    case {{'password': 'x'}} if eval('é'):\n{}",
]


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Examples in a row, some nested, some of their lines with a comment, some with characters of several bytes."""
    parts = []
    for snippet in draw(st.lists(st.sampled_from(SNIPPETS), min_size=1, max_size=5)):
        lines = snippet.splitlines()
        at = draw(st.integers(0, len(lines) - 1))
        lines[at] += draw(st.sampled_from(COMMENTS))
        wrapper = draw(st.sampled_from(WRAPPERS))
        indent = "    " * (wrapper.count("\n    ") + ("\n" in wrapper))
        parts.append(wrapper.format(textwrap.indent("\n".join(lines), indent)))
    return "\n".join(parts) + draw(st.sampled_from(["", "\n", "\n# é\n"]))


@settings(max_examples=200, deadline=None)
@given(programs(), st.sampled_from(["\n", "\r\n"]))
def test_any_program_is_judged_as_bandit_judges_it(program: str, newline: str) -> None:
    content = program.replace("\n", newline).encode()
    assert ours(content) == verdicts(content)[0]


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_read_exactly_where_bandit_reads_them(content: bytes) -> None:
    found, diagnostic = results("app.py", content, ALL)
    expected, is_read = verdicts(content)
    assert (diagnostic is None) == is_read
    assert len(found) == len(expected)
