"""`backend-lint init`: the little that a project needs to begin."""

from __future__ import annotations

from pathlib import Path

import click

from backend_lint.cli import exits, terminal

_CONFIG = """\
# backend-lint: https://github.com/backend-lint/backend-lint
# Everything has a default; `backend-lint config show` prints what holds and why.
profile = "default"       # or "strict", "security"
fail-on = "medium"        # the least severity that fails a run
# baseline = "backend-lint-baseline.jsonl"   # after `backend-lint baseline write`
# public-routes = ["/health"]                # routes that anyone may call
"""

_HOOKS = """\
repos:
  - repo: https://github.com/backend-lint/backend-lint
    rev: v{version}
    hooks:
      - id: backend-lint
"""

_GITHUB = """\
on: [push, pull_request]
permissions: {{contents: read, security-events: write}}
jobs:
  backend-lint:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: {{fetch-depth: 0}}
      - uses: backend-lint/backend-lint@v{version}
"""

_GITLAB = """\
backend-lint:
  image: python:3.12
  script:
    - pip install backend-lint=={version}
    - backend-lint --output gitlab:gl-code-quality-report.json
  artifacts:
    when: always
    reports: {{codequality: gl-code-quality-report.json}}
"""

_FILES = {
    "pre-commit": (".pre-commit-config.yaml", _HOOKS),
    "github": (".github/workflows/backend-lint.yml", _GITHUB),
    "gitlab": (".gitlab-ci.yml", _GITLAB),
}


@click.command("init", short_help="Write a first configuration.")
@click.option(
    "--with", "extras", multiple=True, type=click.Choice(list(_FILES)), help="Write this as well. Repeatable."
)
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
def command(extras: tuple[str, ...], dry_run: bool) -> int:
    """Write a configuration into the working directory. What exists is never changed."""
    from backend_lint import __version__
    from backend_lint.cli.output import write_file
    from backend_lint.config import own_file

    cwd = Path.cwd()
    wanted = {} if (existing := own_file(cwd)) else {"backend-lint.toml": _CONFIG}
    if existing:
        terminal.say(f"{existing.name} configures backend-lint already: left as it is")
    wanted |= {name: text.format(version=__version__) for name, text in (_FILES[extra] for extra in extras)}
    for name, text in wanted.items():
        if (cwd / name).exists():
            terminal.say(f"{name} exists: left as it is. What would have been written:\n{text}")
        elif dry_run:
            terminal.write(f"# {name}\n{text}", for_people=True)
        else:
            write_file(cwd / name, text.encode())
            terminal.say(f"{name} written")
    return exits.PASSED
