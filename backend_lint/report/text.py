"""`full` and `concise`: what a person reads in a terminal or a log.

The one home of Rich, and only of its `Text`: nothing is ever parsed as markup, and no console guesses at a terminal.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console
from rich.text import Text

from backend_lint.core import SECTIONS, Confidence, Finding, Report, RuleInfo, Safety, Score, Severity, State
from backend_lint.report import summary
from backend_lint.report.frame import Mark, Row, frames
from backend_lint.report.inert import inert, inert_character, inert_lines, without_commands
from backend_lint.report.prose import rules_by_code, why
from backend_lint.report.view import View

_SHOWN_FINDINGS = 5
_SHOWN_RELATED = 3
_SHOWN_STEPS = 10
_SHOWN_DIAGNOSTICS = 10
_CODE_CELLS = 160  # of one source line, where no terminal sets a limit
_TAB = 4
_LABEL = 11  # cells before what stands beside "Why", "Instead" and the like
_NARROWEST = 24  # cells; a note is not squeezed into fewer

_SEVERITY_STYLE = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "blue",
}
_HOW_TO_FIX = {
    Safety.SAFE: "--fix applies it",
    Safety.UNSAFE: "--unsafe-fixes applies it",
    Safety.DISPLAY: "for a person to apply",
}


def full(report: Report, view: View) -> str:
    """The worst findings with their code, then the score, the verdict and what to do next."""
    blocks = [
        [Text.assemble((_heading(report, view), "bold"), " · ", inert(summary.understood(report)))],
        *_finding_blocks(report, view),
        _diagnostics(report),
        _sections(report) if report.active else [],
        *(_statistics(report) if view.statistics else ()),
        _timing(report) if view.timing else [],
        list(_closing(report, view)),
    ]
    return _printed([line for block in blocks if block for line in (*block, Text())][:-1], view)


def concise(report: Report, view: View) -> str:
    """One line a finding, in the order of the files, then the diagnostics and the verdict."""
    lines = [
        Text.assemble(
            (_place(f"{finding.at}: "), "bold"),
            (f"{finding.code} {finding.name}", "bold"),
            (f" [{finding.severity.value}] ", _SEVERITY_STYLE[finding.severity]),
            _prose(finding.message),
        )
        for finding in report.active
    ]
    tail = [*_diagnostics(report), *(line for block in _statistics(report) for line in block if view.statistics)]
    if view.timing:
        tail += _timing(report)
    lines += [*tail, Text.assemble(f"{inert(view.title)}: " if view.title else "", _verdict(report))]
    return _printed(lines, view)


def _heading(report: Report, view: View) -> str:
    return f"backend-lint {report.version}" + (f" · {inert(view.title)}" if view.title else "")


def _finding_blocks(report: Report, view: View) -> Iterator[list[Text]]:
    worst = summary.worst_first(report.active)
    shown = worst if view.show_all else worst[:_SHOWN_FINDINGS]
    rules, explained = rules_by_code(report), set[str]()
    for finding in shown:
        yield list(_finding(finding, rules[finding.code], view, finding.code not in explained))
        explained.add(finding.code)
    if rest := worst[len(shown) :]:
        hints = "      all of them: --all      one line each: --format concise"
        yield [Text.assemble((f"… {len(rest):,} more: {summary.counted(rest)}", "bold"), (hints, "dim"))]


def _finding(finding: Finding, rule: RuleInfo, view: View, is_first_of_rule: bool) -> Iterator[Text]:
    """A heading, the code, and below it what helps to judge and to mend it; what a rule says is said once."""
    doubt = "" if finding.confidence is Confidence.HIGH else f", {finding.confidence.value} confidence"
    yield Text.assemble(
        (_place(str(finding.at)), "bold"),
        "  ",
        (f"{finding.code} {finding.name}", "bold"),
        "  ",
        (f"[{finding.severity.value}{doubt}]", _SEVERITY_STYLE[finding.severity]),
        f"  {finding.guideline}",
        f"  also {', '.join(finding.also)}" if finding.also else "",
        "  (preview)" if finding.preview else "",
    )
    if finding.trace and finding.trace[-1].note != finding.message:
        yield from _labelled("", _prose(finding.message), view, indent=2)
    yield from _frames(finding, view)
    for step in finding.related[:_SHOWN_RELATED]:
        yield from _labelled("Related", Text.assemble(_place(str(step.at)), "  ", _prose(step.note)), view)
    if is_first_of_rule and (reason := why(rule)):
        yield from _labelled("Why", _prose(reason), view)
    for number, line in enumerate(inert_lines(finding.help)):
        yield from _labelled("" if number else "Instead", _code_spans(line), view)
    if finding.fix:
        because = f": {finding.fix.why}" if finding.fix.why else ""
        how = f"{finding.fix.safety.value}, {_HOW_TO_FIX[finding.fix.safety]}{because}"
        yield from _labelled("Fix", _prose(how), view)
    if is_first_of_rule:
        yield from _labelled("More", Text(f"backend-lint rule {finding.name or finding.code}", "dim"), view)


def _frames(finding: Finding, view: View) -> Iterator[Text]:
    shown = frames(finding, view.lines, most=_SHOWN_STEPS)
    gutter = max(4, *(len(str(row.number)) for frame in shown for row in frame.rows if row))
    for frame in shown:
        if frame.path != finding.at.path or len(shown) > 1:
            yield Text.assemble(" " * (gutter + 1), ("┌ ", "dim"), _place(frame.path))
        for row in frame.rows:
            if row is None:
                yield Text(" " * (gutter + 1) + "┆", "dim")
            else:
                yield from _row(row, gutter, _SEVERITY_STYLE[finding.severity], view)
    if (rest := len(finding.trace) - _SHOWN_STEPS) > 0:
        yield from _labelled("", Text(f"{summary.plural(rest, 'step')} between are in --format json", "dim"), view)


def _row(row: Row, gutter: int, style: str, view: View) -> Iterator[Text]:
    """A line of source and, below it, one line of underline and note for each of its marks."""
    before = Text(" " * (gutter + 1) + "│ ", "dim")
    room = max((view.width or _CODE_CELLS) - before.cell_len, _NARROWEST)
    if row.text is None:
        for mark in row.marks:
            yield from _beside(before, _note(mark), view)
        return
    code, cells = _cells(row.text)
    first, last = _window(cells, row.marks, room)
    cut_start, cut_end = "…" if first else "", "…" if last < len(code) else ""
    yield Text.assemble(
        (f"{row.number:>{gutter}} │ ", "dim"), (cut_start, "dim"), "".join(code[first:last]), (cut_end, "dim")
    )
    for mark in row.marks:
        start, end = max(mark.start, first), min(max(mark.end, mark.start + 1), last)
        offset = cells[min(start, len(code))] - cells[first] + len(cut_start)
        length = max(cells[min(end, len(code))] - cells[min(start, len(code))], 1)
        underline = Text.assemble(before, " " * offset, ("━" * length + " ", style))
        note = _note(mark)
        if view.width is None or underline.cell_len + min(note.cell_len, _NARROWEST) <= view.width:
            yield from _beside(underline, note, view)
        else:
            yield underline
            yield from _beside(before, note, view)


def _cells(text: str) -> tuple[list[str], list[int]]:
    """What each code point of a line is shown as, and the cell at which it starts, that of the end included."""
    shown, starts, cell = [], [0], 0
    for character in text:
        piece = " " * (_TAB - cell % _TAB) if character == "\t" else inert_character(character)
        shown.append(piece)
        cell += cell_len(piece)
        starts.append(cell)
    return shown, starts


def _window(cells: Sequence[int], marks: Sequence[Mark], room: int) -> tuple[int, int]:
    """The code points of a line that are shown: all, or as many as fit, the first mark among them."""
    count = len(cells) - 1
    if cells[-1] <= room:
        return 0, count
    target = min(marks[0].start, count) if marks else 0
    first = target if cells[target] > room * 2 // 3 else 0
    while first and cells[target] - cells[first - 1] < room // 3:
        first -= 1
    last = first
    while last < count and cells[last + 1] - cells[first] <= room - 2:
        last += 1
    return first, last


def _note(mark: Mark) -> Text:
    return Text.assemble((f"{_circled(mark.number)} ", "bold") if mark.number else "", _prose(mark.note))


def _circled(number: int) -> str:
    return chr(0x2460 + number - 1) if number <= 20 else f"({number})"


def _beside(start: Text, note: Text, view: View) -> Iterator[Text]:
    """The note after `start`, its further lines below its first."""
    hanging = Text(start.plain.replace("━", " ").ljust(start.cell_len), "dim") if start.plain.strip() else start
    for number, line in enumerate(_wrapped(note, view, start.cell_len)):
        yield Text.assemble(hanging if number else start, line)


def _labelled(label: str, body: Text, view: View, indent: int = _LABEL) -> Iterator[Text]:
    for number, line in enumerate(_wrapped(body, view, indent)):
        yield Text.assemble((f"  {'' if number else label}".ljust(indent), "dim"), line)


def _wrapped(body: Text, view: View, indent: int) -> Iterable[Text]:
    if view.width is None:
        return [body]
    room = max(view.width - indent, _NARROWEST)
    return body.wrap(_console(), room, overflow="fold", tab_size=_TAB) or [body]


def _prose(text: str) -> Text:
    return _code_spans(inert(text))


def _code_spans(line: str) -> Text:
    text = Text(line)
    text.highlight_regex(r"`[^`]+`", "cyan")
    return text


def _place(text: str) -> str:
    """A path that no log takes for a command, still one that can be opened."""
    shown = inert(text)
    return f"./{shown}" if shown.lstrip().startswith("::") else shown


def _diagnostics(report: Report) -> list[Text]:
    """What could not be checked, and the rest worth saying."""
    lines = []
    for each in report.diagnostics[:_SHOWN_DIAGNOSTICS]:
        where = _place(f"{each.path}:{each.line or 1}: ") if each.path else ""
        sign, style = ("not checked", "bold yellow") if each.is_incomplete else ("note", "blue")
        lines.append(Text.assemble(where, (f"{sign} ", style), f"({each.kind.value}) ", inert(each.message)))
    if rest := len(report.diagnostics) - len(lines):
        lines.append(Text(f"… {rest:,} more: --format json has them all", "dim"))
    return lines


def _sections(report: Report) -> list[Text]:
    """A line for each section: its score, then those of its guidelines."""
    capping = _capping_sections(report.score)
    lines = []
    for section in SECTIONS:
        cells = [
            Text.assemble((f"{guideline.id}  ", "dim"), _points(guideline.score))
            for guideline in report.score.guidelines
            if guideline.id.startswith(section)
        ]
        score = _points(report.score.sections.get(section), bold=True)
        sign = "▲" if section in capping else " "
        lines.append(Text.assemble("  ", (section, "bold"), " ", score, f" {sign}  ", Text("    ").join(cells)))
    return [*lines, Text("  – not assessed" + ("    ▲ what caps the overall score" if capping else ""), "dim")]


def _capping_sections(score: Score) -> set[str]:
    """The sections with the findings that hold the overall score down: the critical ones, or else the high ones."""
    critical = {each.id[:3] for each in score.guidelines if each.critical}
    return critical or {each.id[:3] for each in score.guidelines if each.high}


def _points(score: float | None, bold: bool = False) -> Text:
    style = "dim" if score is None else "green" if score >= 90 else "yellow" if score >= 60 else "red"
    return Text(f"{summary.points(score):>5}", f"bold {style}" if bold else style)


def _statistics(report: Report) -> Iterator[list[Text]]:
    """Counts by rule, then by guideline."""
    headings = ("new", "baselined", "suppressed", "fixable")
    tallies = summary.tallies(report)
    for kind in ("rule", "guideline"):
        if not tallies[kind]:
            continue
        rows = [*tallies[kind], *tallies["total"]]
        width = max(len(row.name) for row in rows)
        lines = [Text.assemble((f"  {kind:<{width}}" + "".join(f"{name:>12}" for name in headings), "bold"))]
        for row in rows:
            counts = (row.new, row.baselined, row.suppressed, row.fixable)
            lines.append(Text(f"  {inert(row.name):<{width}}" + "".join(f"{count:>12,}" for count in counts)))
        yield lines


def _timing(report: Report) -> list[Text]:
    width = max((len(phase.name) for phase in report.timing), default=0)
    return [Text(f"  {phase.name:<{width}}  {phase.seconds:8.3f} s") for phase in report.timing]


def _closing(report: Report, view: View) -> Iterator[Text]:
    """Score, next step and verdict: what is left on the screen when all has scrolled by."""
    if hint := summary.no_backend(report):
        yield Text(inert(hint), "yellow")
    yield Text(inert(summary.headline(report)), "bold")
    if since := summary.changed(report):
        yield Text(inert(since))
    if steps := [*filter(None, (summary.next_best(report), summary.safe_fixes(report)))]:
        yield Text(inert(" · ".join(steps)))
    if quiet := summary.kept_quiet(report):
        yield Text(f"Not shown: {quiet}", "dim")
    if missing := summary.unchecked(report):
        yield Text(inert(missing), "bold yellow")
    yield _verdict(report)
    if not report.gate.passed and not any(finding.state is State.BASELINED for finding in report.findings):
        yield Text(
            "Existing project? Accept today's findings and see only new ones:  backend-lint baseline write", "dim"
        )


def _verdict(report: Report) -> Text:
    return Text(
        inert(summary.verdict(report)), "bold green" if report.gate.passed and report.is_complete else "bold red"
    )


def _printed(lines: Iterable[Text], view: View) -> str:
    """Without colour the very text; with it, the sixteen colours that a user's terminal defines."""
    if not view.color:
        output = "\n".join(line.plain.rstrip() for line in lines)
    else:
        console = _console()
        output = "\n".join(
            "".join(
                part.style.render(part.text, color_system=ColorSystem.STANDARD) if part.style else part.text
                for part in line.render(console)
            )
            for line in lines
        )
    return without_commands(output) + "\n"


def _console() -> Console:
    """A console that knows nothing of the world: no terminal, no environment, no width of its own."""
    return Console(
        file=io.StringIO(),
        force_terminal=True,
        force_jupyter=False,
        color_system="standard",
        width=80,
        height=25,
        legacy_windows=False,
        markup=False,
        highlight=False,
        emoji=False,
        _environ={},
    )
