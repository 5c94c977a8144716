"""`backend-lint rules`: what runs, or what there is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backend_lint.cli import exits, options, terminal
from backend_lint.cli.session import Session

if TYPE_CHECKING:
    from backend_lint.core import RuleInfo


@click.command("rules", short_help="List the rules that run here.")
@options.config
@options.selection
@click.option("--all", "show_all", is_flag=True, help="List every rule, also those that would not run here.")
@click.option("--format", "list_format", type=click.Choice(["text", "json"]), default="text", help="The form.")
@click.pass_obj
def command(session: Session, /, show_all: bool, list_format: str, **chosen: Any) -> int:
    """List the rules that run in the working directory as it is configured."""
    rules = _rules(session, show_all=show_all, chosen=chosen)
    if list_format == "json":
        terminal.write(json.dumps([summary(rule) for rule in rules], ensure_ascii=False, indent=2) + "\n")
    else:
        terminal.write(_table(rules), for_people=True)
    return exits.PASSED


def summary(rule: RuleInfo) -> dict[str, Any]:
    """What lists say of a rule, as JSON."""
    import msgspec

    plain: dict[str, Any] = msgspec.to_builtins(rule)
    del plain["doc"]
    return plain


def _rules(session: Session, *, show_all: bool, chosen: dict[str, Any]) -> list[RuleInfo]:
    from backend_lint.cli.projects import configured
    from backend_lint.config import check_rules, is_selected
    from backend_lint.engine.packs import rule_infos

    config = configured(session, chosen, Path.cwd())
    rules = sorted(rule_infos(config.plugins), key=lambda rule: rule.code)
    check_rules(config, rules)
    if show_all:
        return rules
    return [rule for rule in rules if is_selected(rule, config) and (config.preview or not rule.preview)]


def _table(rules: Iterable[RuleInfo]) -> str:
    from backend_lint.cli.columns import columns

    return columns(
        (rule.code, rule.name, rule.guideline, rule.severity.value, rule.scope, _title(rule)) for rule in rules
    )


def _title(rule: RuleInfo) -> str:
    return f"{rule.title} (preview)" if rule.preview else rule.title
