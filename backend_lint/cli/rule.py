"""`backend-lint rule`: all there is to know about one rule."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from backend_lint.cli import exits, terminal, words

if TYPE_CHECKING:
    from backend_lint.core import RuleInfo


@click.command("rule", short_help="Explain one rule.")
@click.argument("rule", metavar="CODE|NAME", required=False, shell_complete=words.rules)
@click.option("--all", "show_all", is_flag=True, help="Every rule.")
@click.option("--format", "page_format", type=click.Choice(["text", "json"]), default="text", help="The form.")
def command(rule: str | None, show_all: bool, page_format: str) -> int:
    """Explain the rule CODE or NAME: what it reports, why, and what to write instead."""
    if (rule is None) is not show_all:
        raise click.UsageError("give one rule, by code or name, or --all")
    pages = _found(rule)
    if page_format == "json":
        documents = [_document(page) for page in pages]
        terminal.write(json.dumps(documents if show_all else documents[0], ensure_ascii=False, indent=2) + "\n")
    else:
        terminal.write("\n".join(map(_page, pages)), for_people=True)
    return exits.PASSED


def _found(wanted: str | None) -> list[RuleInfo]:
    from backend_lint.config.explain import nearest
    from backend_lint.core import BackendLintError
    from backend_lint.engine.packs import rule_infos

    rules = sorted(rule_infos(), key=lambda rule: rule.code)
    found = [rule for rule in rules if wanted is None or wanted in {rule.code, rule.name}]
    if not found and wanted:
        names = [name for rule in rules for name in (rule.code, rule.name)]
        raise BackendLintError(f"there is no rule {wanted!r}{nearest(wanted, names)}")
    return found


def _document(rule: RuleInfo) -> dict[str, Any]:
    import msgspec

    plain: dict[str, Any] = msgspec.to_builtins(rule)
    return plain


def _page(rule: RuleInfo) -> str:
    """The rule's facts in one line, then its documentation as it was written."""
    facts = [rule.guideline, rule.severity.value, f"reads one {rule.scope}"]
    facts += ["preview"] if rule.preview else []
    facts += [f"CWE-{number}" for number in rule.cwe] + list(rule.owasp)
    return f"{rule.code} {rule.name}\n{' · '.join(facts)}\n\n{rule.title}\n\n{rule.doc.strip()}\n"
