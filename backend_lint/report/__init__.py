"""What a person, a platform or a program reads of a run.

Takes: a `core.Report`, and the lines of the files that it speaks of.
Gives: `FORMATS`, `render`, and `split_lines` for whoever provides the lines.
Never: prints; reads a file, the clock, the terminal or the environment; shows a secret; lets source text act as markup.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Literal, cast

import msgspec

from backend_lint.core import Report
from backend_lint.report.rebase import rebased
from backend_lint.report.view import Lines, View, masked, split_lines

__all__ = ["FORMATS", "Format", "Lines", "View", "render", "split_lines"]

Renderer = Callable[[Report, View], str]


class Format(msgspec.Struct, frozen=True):
    """Where a format's function lives, so that only the chosen one is loaded.

    `paths` says from where they count: a `reader` decides that, a platform reads them from the `repository`'s root,
    and a page that is passed around has them from the `project`'s.
    """

    module: str
    function: str = "render"
    paths: Literal["reader", "repository", "project"] = "reader"

    def load(self) -> Renderer:
        module = importlib.import_module(f"backend_lint.report.{self.module}")
        return cast(Renderer, getattr(module, self.function))


FORMATS: dict[str, Format] = {
    "full": Format("text", "full"),
    "concise": Format("text", "concise"),
    "json": Format("json"),
    "jsonl": Format("jsonl"),
    "sarif": Format("sarif", paths="repository"),
    "html": Format("html", paths="project"),
    "markdown": Format("markdown"),
    "github": Format("github", paths="repository"),
    "gitlab": Format("gitlab", paths="repository"),
    "junit": Format("junit"),
    "rdjson": Format("rdjson", paths="repository"),
    "agent": Format("agent"),
}


def render(
    format_name: str,
    report: Report,
    *,
    lines: Lines,
    color: bool = False,
    width: int | None = None,
    show_all: bool = False,
    timing: bool = False,
    statistics: bool = False,
    sarif_include_suppressed: bool = False,
    absolute_root: str | None = None,
    repository_prefix: str = "",
    title: str = "",
) -> str:
    """The report as text. Equal arguments give equal text.

    `lines` gives a file's lines with their endings, or None where the file is gone.
    `absolute_root` goes before the paths that a reader sees: the project's root, or the way to it.
    `width` is the terminal's, in cells; None says that there is no terminal, and nothing is wrapped.
    `repository_prefix` is where the project lies in its repository, for the formats that a platform reads.
    `title` names the project where a reader sees several.
    """
    chosen = FORMATS[format_name]
    base = {"reader": absolute_root, "repository": repository_prefix, "project": None}[chosen.paths]
    if base:
        report, lines = rebased(report, lines, base)
    view = View(
        lines=masked(lines, report.findings),
        unmasked=lines,
        color=color,
        width=width,
        show_all=show_all,
        timing=timing,
        statistics=statistics,
        sarif_include_suppressed=sarif_include_suppressed,
        repository_prefix=repository_prefix,
        title=title,
    )
    return chosen.load()(report, view)
