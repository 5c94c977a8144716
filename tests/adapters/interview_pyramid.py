"""Ask a running Pyramid application what it is, as interview.py does for other frameworks.

python interview_pyramid.py routes DIRECTORY package.module:factory
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import interview

Row = dict[str, Any]


def routes(app: Any, root: Path) -> list[Row]:
    known = app.registry.introspector
    patterns = {each["introspectable"]["name"]: each["introspectable"] for each in known.get_category("routes")}
    rows = [
        row
        for each in known.get_category("views")
        if each["introspectable"]["route_name"] in patterns
        for row in _rows(app, each["introspectable"], patterns[each["introspectable"]["route_name"]], root)
    ]
    return sorted(rows, key=lambda row: (row["path"], row["methods"], row["handler"]))


def _rows(app: Any, view: Any, route: Any, root: Path) -> Iterator[Row]:
    endpoint = view["callable"]
    file = interview._file(endpoint, root)
    pattern = "/" + route["pattern"].lstrip("/")
    path = re.sub(r"{(\w+)(?::[^{}]*)?}", r"{\1}", re.sub(r"\*(\w+)$", r"{\1}", pattern))
    url = re.sub(r"{\w+}", "7", path)
    asked = view["request_methods"] or route["request_methods"]
    methods = sorted({asked} if isinstance(asked, str) else set(asked or ("*",)))
    methods = interview._methods(methods)
    for method in methods if file is not None else ():
        row = interview._row(path, endpoint, file or "", view["attr"])
        yield row | {"methods": [method], "guarded": _is_guarded(app, "GET" if method == "*" else method, url)}


def _is_guarded(app: Any, method: str, url: str) -> bool:
    """Pyramid answers 404 where a predicate does not hold, so a view for whoever has signed in is not there."""
    from webob import Request

    response = Request.blank(url, method=method, body=b"{}", content_type="application/json").get_response(app)
    return interview._is_refusal(response.status_code, response.headers.get("Location", "")) or (
        response.status_code == 404
    )


def main(kind: str, directory: str, target: str) -> None:
    root = Path(directory).resolve()
    sys.path[0:0] = [str(root)]
    json.dump({"routes": routes(interview.load(target), root)}, sys.stdout, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
