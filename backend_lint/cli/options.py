"""The options that commands share, and the settings that they become."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from backend_lint.cli import words

Function = TypeVar("Function", bound=Callable[..., Any])

SEVERITIES = "critical|high|medium|low|info"


def _words(context: click.Context, parameter: click.Parameter, values: Iterable[str]) -> list[str] | None:
    """Selectors, given several times or several at a time."""
    words = [word.strip() for value in values for word in value.split(",")]
    return [word for word in words if word] or None


def _scores(context: click.Context, parameter: click.Parameter, values: Iterable[str]) -> dict[str, float] | None:
    """`70` and `SEC=90` as `{"overall": 70, "SEC": 90}`."""
    scores = {}
    for value in values:
        name, equals, number = value.rpartition("=")
        try:
            scores[name if equals else "overall"] = float(number)
        except ValueError:
            raise click.BadParameter(f"{value!r} is neither a number nor like SEC=90", context, parameter) from None
    return scores or None


def _flag(*names: str, **attributes: Any) -> Callable[[Function], Function]:
    """A flag that says nothing when it is not given, so that a configuration may."""
    return click.option(*names, is_flag=True, default=None, **attributes)


_PATHS = (click.argument("paths", nargs=-1, metavar="[PATHS]..."),)

_READING = (
    click.option("--config", metavar="FILE", help="Use this configuration file, and no other."),
    click.option("--files-from", metavar="FILE", help="Read paths from FILE, or `-`, one a line or NUL separated."),
    click.option("--stdin-filename", metavar="FILE", help="The file that stdin, given as path `-`, stands for."),
    _flag("--force-exclude/--no-force-exclude", help="Leave out excluded paths even when they are named."),
    _flag("--no-gitignore", "no_gitignore", help="Do not leave out what git ignores."),
    click.option("--jobs", "-j", type=click.IntRange(min=0), help="Processes to use; 0 is one for each processor."),
    click.option(
        "--timeout-per-file",
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        help="Computing after which a file is given up; 0 never.",
    ),
    _flag("--no-cache", "no_cache", help="Neither read nor write the cache."),
    click.option("--cache-dir", metavar="DIR", help="Where to keep the cache."),
)

_SELECTION = (
    click.option(
        "--select",
        multiple=True,
        callback=_words,
        shell_complete=words.rules,
        metavar="RULES",
        help="Run these rules or groups.",
    ),
    click.option(
        "--extend-select",
        multiple=True,
        callback=_words,
        shell_complete=words.rules,
        metavar="RULES",
        help="Run these as well.",
    ),
    click.option(
        "--ignore",
        multiple=True,
        callback=_words,
        shell_complete=words.rules,
        metavar="RULES",
        help="Do not run these.",
    ),
    click.option("--profile", metavar="NAME", help="Start from the settings of this profile."),
    _flag("--preview/--no-preview", help="Let preview rules run where they are selected."),
)

_DISPLAY = (
    click.option("--format", "-f", metavar="NAME", help="The form of the report; `full` by default."),
    click.option("--output", "-o", multiple=True, metavar="FORMAT:FILE", help="Write a report to FILE. Repeatable."),
    click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour for people."),
    click.option("--all", "show_all", is_flag=True, help="Show every finding in full."),
    click.option("--min-severity", metavar=f"[{SEVERITIES}]", help="The least severity that is shown."),
    click.option("--min-confidence", metavar="[high|medium|low]", help="The least confidence that is shown."),
    click.option("--statistics", is_flag=True, help="Count by rule and by guideline."),
    click.option("--timing", is_flag=True, help="Say where the time goes."),
    click.option(
        "--sarif-include-suppressed",
        is_flag=True,
        help="In SARIF, also what is suppressed or accepted, marked so.",
    ),
    _flag("--absolute-paths", help="Report absolute paths."),
)

_BASELINE = click.option("--baseline", metavar="FILE", help="Findings that were accepted.")

_COMPARE = click.option("--compare", metavar="FILE", help="Say what became of the score since this report in JSON.")

_GATE = (
    click.option("--fail-on", metavar=f"[{SEVERITIES}|never]", help="The least severity that fails the run."),
    click.option(
        "--fail-under",
        multiple=True,
        callback=_scores,
        metavar="SCORE",
        help="Fail below `70`, `SEC=90`, or `new=80` for new code. Repeatable.",
    ),
    _flag("--exit-zero", help="Exit 0 where findings or scores would exit 1."),
    _flag("--fail-on-empty", help="Exit 2 when there is nothing to lint."),
    _flag("--allow-incomplete", help="Exit 0 though something could not be checked."),
    _flag("--fail-on-stale-baseline", help="Fail when entries of the baseline match nothing."),
    _flag("--fail-on-new-suppressions", help="With --new-from: fail when more is silenced than before."),
    _BASELINE,
    click.option("--new-from", metavar="REF", help="Judge only what is new since this git revision."),
)

_FIXES = (
    click.option("--fix", is_flag=True, help="Apply safe fixes, and report what is left."),
    click.option("--unsafe-fixes", is_flag=True, help="Apply fixes as well that may change what the code does."),
    click.option("--diff", is_flag=True, help="Print the fixes as a patch instead, and write nothing."),
)

_TALK = (
    click.option("--verbose", "-v", is_flag=True, help="Say which configuration is used, and more of an error."),
    click.option("--quiet", "-q", is_flag=True, help="Say nothing but the report and errors."),
)


def _decorator(*decorators: Callable[[Any], Any]) -> Callable[[Function], Function]:
    """All of `decorators`, such that help lists them in this order."""
    return lambda function: functools.reduce(lambda inner, outer: outer(inner), reversed(decorators), function)


reading = _decorator(*_PATHS, *_READING)
selection = _decorator(*_SELECTION)
display = _decorator(*_DISPLAY, _COMPARE)
gate = _decorator(*_GATE)
fixes = _decorator(*_FIXES)
talk = _decorator(*_TALK)
config = _decorator(_READING[0])
baseline = _decorator(_BASELINE)
compare = _decorator(_COMPARE)


def flags(chosen: dict[str, Any]) -> dict[str, Any]:
    """The options that were given, under the keys that a configuration file has for them."""
    from backend_lint.config import Settings

    given = ((name, chosen.get(name)) for name in Settings.__struct_fields__)
    settings = {name.replace("_", "-"): value for name, value in given if value is not None}
    if chosen.get("no_cache"):
        settings["cache"] = False
    if chosen.get("no_gitignore"):
        settings["respect-gitignore"] = False
    return settings


def config_path(chosen: dict[str, Any], cwd: Path) -> Path | None:
    """The configuration file that was named, absolute."""
    named: str | None = chosen.get("config")
    if named is None:
        return None
    path = Path(os.path.normpath(cwd / named))
    if not path.is_file():
        raise click.BadParameter(f"{named} is not a file", param_hint="--config")
    return path
