"""`backend-lint model`: the backend as it was understood."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backend_lint.cli import exits, options, terminal
from backend_lint.cli.session import Session

if TYPE_CHECKING:
    from backend_lint.cli.projects import Project


@click.command("model", short_help="Print the backend as it was understood.")
@options.reading
@click.option("--format", "model_format", type=click.Choice(["text", "json"]), default="text", help="The form.")
@options.talk
@click.pass_obj
def command(session: Session, /, paths: tuple[str, ...], model_format: str, **chosen: Any) -> int:
    """Print what was understood of the backend below PATHS: routes, models, schemas, tasks, outbound calls."""
    from backend_lint.cli.projects import reached

    projects = reached(session, paths, chosen, Path.cwd())
    if model_format == "json":
        terminal.write(as_json(projects))
    else:
        terminal.write("\n".join(map(_text, _models(projects))), for_people=True)
    return exits.PASSED


def as_json(projects: Sequence[Project]) -> str:
    """The model of the one project, or a list of models with the directory of each."""
    models = _models(projects)
    document: Any = models[0] if len(models) == 1 else models
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _models(projects: Sequence[Project]) -> list[dict[str, Any]]:
    from backend_lint.run import model

    models = [json.loads(model(config, found)) for config, found in projects]
    if len(models) > 1:
        return [{"root": config.root.name, **model} for (config, _), model in zip(projects, models, strict=True)]
    return models


def _text(model: dict[str, Any]) -> str:
    return "\n".join(_sections(model))


def _sections(model: dict[str, Any]) -> Iterator[str]:
    from backend_lint.cli.columns import columns

    for name, value in model.items():
        match value:
            case [{}, *_]:
                yield f"{name} ({len(value)})\n{columns(map(_row, value), indent='  ')}"
            case list():
                yield f"{name}: {', '.join(map(str, value)) or 'none'}\n"
            case _:
                yield f"{name}: {value}\n"


def _row(entry: dict[str, Any]) -> list[str]:
    """What names `entry` first, where it stands last."""
    place = f"{entry['file']}:{entry['line']}" if "file" in entry and "line" in entry else ""
    return [*(_cell(value) for key, value in entry.items() if key not in {"file", "line"}), place]


def _cell(value: Any) -> str:
    match value:
        case None | [] | {}:
            return "-"
        case list():
            return ", ".join(map(_cell, value))
        case dict():
            return str(value.get("name", " ".join(map(_cell, value.values()))))
        case _:
            return str(value)
