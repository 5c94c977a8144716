"""`backend-lint plugins`: where rules come from."""

from __future__ import annotations

import json

import click

from backend_lint.cli import exits, terminal


@click.command("plugins", short_help="List the installed rule packs.")
@click.option("--format", "list_format", type=click.Choice(["text", "json"]), default="text", help="The form.")
def command(list_format: str) -> int:
    """List the rule packs that are installed, and those that could not be loaded. Exit 3 if there are such."""
    from backend_lint.cli.columns import columns
    from backend_lint.engine.packs import load_packs
    from backend_lint.report.summary import plural

    packs, failures = load_packs()
    for failure in failures:
        terminal.say(f"error: {failure.message}")
    if list_format == "json":
        known = [{"name": pack.name, "version": pack.version, "rules": [r.code for r in pack.rules]} for pack in packs]
        document = {"packs": known, "failed": [failure.message for failure in failures]}
        terminal.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    else:
        rows = ((pack.name, pack.version, plural(len(pack.rules), "rule")) for pack in packs)
        terminal.write(columns(rows), for_people=True)
    return exits.INCOMPLETE if failures else exits.PASSED
