"""`backend-lint guidelines`: the sixteen, and the rules that stand under each."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

import click

from backend_lint.cli import exits, terminal, words

if TYPE_CHECKING:
    from backend_lint.core import Guideline, RuleInfo


@click.command("guidelines", short_help="Print the guidelines and what checks them.")
@click.argument("guideline", metavar="[ID]", required=False, shell_complete=words.guidelines)
@click.option("--format", "list_format", type=click.Choice(["text", "json"]), default="text", help="The form.")
def command(guideline: str | None, list_format: str) -> int:
    """Print what each guideline, or the one with this ID, looks at, the rules that check it, and what stays unseen."""
    from backend_lint.config.explain import nearest
    from backend_lint.core import GUIDELINES, BackendLintError
    from backend_lint.engine.packs import rule_infos

    if guideline is not None and guideline not in GUIDELINES:
        raise BackendLintError(f"there is no guideline {guideline!r}{nearest(guideline, GUIDELINES)}")
    chosen = [GUIDELINES[guideline]] if guideline else list(GUIDELINES.values())
    rules = sorted(rule_infos(), key=lambda rule: rule.code)
    described = [(each, [rule for rule in rules if rule.guideline == each.id]) for each in chosen]
    if list_format == "json":
        terminal.write(json.dumps([_document(*each) for each in described], ensure_ascii=False, indent=2) + "\n")
    else:
        terminal.write("\n".join(_text(*each) for each in described), for_people=True)
    return exits.PASSED


def _document(guideline: Guideline, rules: list[RuleInfo]) -> dict[str, Any]:
    return {
        "id": guideline.id,
        "title": guideline.title,
        "looks_at": guideline.looks_at,
        "unseen": guideline.unseen,
        "rules": [rule.code for rule in rules],
    }


def _text(guideline: Guideline, rules: list[RuleInfo]) -> str:
    from backend_lint.cli.columns import columns

    listed = columns(((rule.code, rule.name, _title(rule)) for rule in rules), indent="    ")
    said = [
        _told("looks at", guideline.looks_at),
        "  checked by",
        listed.rstrip("\n"),
        _told("not seen", guideline.unseen),
    ]
    return "\n".join([f"{guideline.id} {guideline.title}", *said]) + "\n"


def _title(rule: RuleInfo) -> str:
    return f"{rule.title} (preview)" if rule.preview else rule.title


def _told(what: str, text: str) -> str:
    return textwrap.fill(text, 100, initial_indent=f"  {what}: ", subsequent_indent="    ")
