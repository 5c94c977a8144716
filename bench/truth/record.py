"""Write down what a real application says of itself. The scripts beside this file do so, one application each.

A script runs in an environment that has its application and needs nothing of ours. It sets the application up without
any service, lets `interview.py` ask it, and writes the answer beside itself:

    python -m venv /tmp/argilla && /tmp/argilla/bin/pip install argilla-server==2.8.0
    /tmp/argilla/bin/python bench/truth/argilla_server.py
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[0] = str(HERE.parents[1] / "tests" / "adapters")  # also hides the scripts, which are named as what they ask

import interview  # noqa: E402


def record(
    distribution: str,
    package: str,
    load: Callable[[], Any] | None = None,
    tables: Callable[[], tuple[Any, ...]] = tuple,
    *,
    corrections: dict[str, tuple[bool, str]] | None = None,
    lifespan: bool = True,
) -> None:
    """Ask the application that `load` makes and the owners of models that `tables` names.

    `corrections` say of a few routes whether they are guarded, and why the answer that they gave does not tell: a login
    refuses wrong passwords, and some pages send strangers to an address that does not look like a login.
    """
    specification = importlib.util.find_spec(package)
    assert specification is not None and specification.origin is not None
    root = Path(specification.origin).parent
    routes = interview.routes(load(), root, lifespan=lifespan) if load else []
    found: dict[str, Any] = {
        "application": distribution,
        "version": importlib.metadata.version(distribution),
        "package": package,
        "routes": [_corrected(row, corrections or {}) | {"file": f"{package}/{row['file']}"} for row in routes],
        "models": [
            row for row in interview.tables(*tables()) if row["class"] is None or row["class"].startswith(package)
        ],
    }
    write(found)


def write(found: dict[str, Any]) -> None:
    """One line for each route and each model, so that a difference reads well."""
    file = HERE / f"{found['package']}.json"
    rows = {
        name: [json.dumps(row, sort_keys=True, separators=(",", ":")) for row in found[name]]
        for name in ("routes", "models")
    }
    head = {name: value for name, value in found.items() if name not in rows}
    body = "".join(f',\n"{name}": [\n{_lines(lines)}\n]' for name, lines in rows.items())
    file.write_text(json.dumps(head)[:-1] + body + "}\n", encoding="utf-8")
    guarded = sum(row["guarded"] for row in found["routes"])
    print(f"{file.name}: {len(found['routes'])} routes ({guarded} guarded), {len(found['models'])} tables")


def _corrected(row: dict[str, Any], corrections: dict[str, tuple[bool, str]]) -> dict[str, Any]:
    known = [corrections[address] for method in row["methods"] if (address := f"{method} {row['path']}") in corrections]
    return row | {"guarded": known[0][0]} if known else row


def _lines(rows: list[str]) -> str:
    return ",\n".join(rows)
