"""`backend-lint model`: the backend as it was understood."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
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
        return [
            {"root": found.name_below(config.root), **model}
            for (config, found), model in zip(projects, models, strict=True)
        ]
    return models


Row = Callable[[dict[str, Any]], list[str]]


def _text(model: dict[str, Any]) -> str:
    return "\n".join(_sections(model))


def _sections(model: dict[str, Any]) -> Iterator[str]:
    from backend_lint.cli.columns import columns

    for name, value in model.items():
        if name in _TABLES and value:
            heads, row = _TABLES[name]
            yield f"{name} ({len(value)})\n{columns([heads, *map(row, value)], indent='  ')}"
        else:
            said = ", ".join(map(str, value)) if isinstance(value, list) else value
            yield f"{name}: {said or 'none'}\n"


def _route(entry: dict[str, Any]) -> list[str]:
    guards = ", ".join(map(_guard, entry["guards"]))
    takes = ", ".join([each["name"] for each in entry["params"]] + ([entry["body"]] if entry["body"] else []))
    methods, answer = " ".join(entry["methods"]), entry["response_model"] or ""
    return [methods, entry["path"], guards or "open", takes, answer, entry["handler"], _at(entry)]


def _guard(guard: dict[str, Any]) -> str:
    return guard["name"] if guard["kind"] == "authentication" else f"{guard['name']} ({guard['kind']})"


def _model(entry: dict[str, Any]) -> list[str]:
    return [entry["name"], entry["table"] or "", ", ".join(map(_column, entry["columns"])), _at(entry)]


def _column(column: dict[str, Any]) -> str:
    """`id*`, `customer_id -> customers.id`, `note?`"""
    mark = "*" if column["primary_key"] else "?" if column["nullable"] else ""
    key = f" -> {column['foreign_key']}" if column["foreign_key"] else ""
    return f"{column['name']}{mark}{key}"


def _schema(entry: dict[str, Any]) -> list[str]:
    return [entry["name"], ", ".join(each["name"] for each in entry["fields"]), _at(entry)]


def _outbound(entry: dict[str, Any]) -> list[str]:
    return [entry["library"], entry["method"] or "", entry["timeout"] or "", _at(entry)]


def _named(entry: dict[str, Any]) -> list[str]:
    return [entry["name"], _at(entry)]


def _layer(entry: dict[str, Any]) -> list[str]:
    return [entry["name"], ", ".join(entry["modules"])]


def _import(entry: dict[str, Any]) -> list[str]:
    upwards = "against the layers" if entry["violation"] else ""
    return [entry["from"], entry["to"], str(entry["count"]), upwards]


def _at(entry: dict[str, Any]) -> str:
    return f"{entry['file']}:{entry['line']}"


_TABLES: dict[str, tuple[list[str], Row]] = {
    "routes": (["method", "path", "guards", "takes", "answers", "handler", "place"], _route),
    "models": (["model", "table", "columns (* key, ? may be null)", "place"], _model),
    "schemas": (["schema", "fields", "place"], _schema),
    "tasks": (["task", "place"], _named),
    "outbound": (["library", "method", "timeout", "place"], _outbound),
    "settings": (["setting", "place"], _named),
    "layers": (["layer", "modules"], _layer),
    "imports": (["from", "to", "modules", ""], _import),
}
"""How the lists of the model are shown: their heads, and the row of an entry."""
