"""Endpoint that clients use is gone.

## What it does
Reports the operations of an earlier contract that no route answers any more: removed, or moved to another path or
method. The earlier contract is that of the revision in `--new-from` or `contract diff`, or the file that `contract`
names in the configuration.

## Why it matters
Every client that calls it gets 404 or 405 from the moment of the deployment on, and cannot be told before.

## Example
```python
# base/app.py
from fastapi import FastAPI

app = FastAPI()


@app.get("/orders/{order_id}/total")
def total(order_id: int) -> int: ...
# head/app.py
from fastapi import FastAPI

app = FastAPI()


@app.get("/orders/{order_id}/sum")
def total(order_id: int) -> int: ...
```

## Use instead
```python
# base/app.py
from fastapi import FastAPI

app = FastAPI()


@app.get("/orders/{order_id}/total")
def total(order_id: int) -> int: ...
# head/app.py
from fastapi import FastAPI

app = FastAPI()


@app.get("/orders/{order_id}/sum")
@app.get("/orders/{order_id}/total", deprecated=True)
def total(order_id: int) -> int: ...
```

## When not to
Operations that were marked as deprecated before are reported as `info`; pages, and routes that are hidden from the
documentation, not at all. Renaming a path parameter is no change for clients.

## References
- https://www.rfc-editor.org/rfc/rfc8594 (the Sunset header)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Comparison, ContractRule, Endpoint, Finding, Project, Severity, Step
from backend_lint.rules.api._contract import here, labels


class EndpointRemoved(ContractRule):
    code = "API401"
    severity = Severity.HIGH

    def compared(self, changes: Comparison, project: Project) -> Iterator[Finding]:
        removed: dict[tuple[str, bool], list[Endpoint]] = {}
        moved: dict[tuple[str, bool], list[tuple[Endpoint, Endpoint]]] = {}
        for old, new in changes.gone:
            if not old.handler:  # a library answers, under a path that the project may build at run time
                continue
            key = (f"{old.at.path} {old.router}", old.deprecated)
            if new is None:
                removed.setdefault(key, []).append(old)
            else:
                moved.setdefault((new.at.path, old.deprecated), []).append((old, new))
        for (_, deprecated), pairs in moved.items():
            yield self._moved(pairs, deprecated)
        for (_, deprecated), operations in removed.items():
            yield self._removed(operations, deprecated, project)

    def judged(self, changes: Comparison) -> Iterable[Endpoint]:
        return changes.before.operations.values()

    def _moved(self, pairs: list[tuple[Endpoint, Endpoint]], deprecated: bool) -> Finding:
        old, new = pairs[0]
        more = f", and {len(pairs) - 1} more here moved, too" if len(pairs) > 1 else ""
        return self.finding(
            new.at,
            f"`{old.label}` is gone, its handler answers `{new.label}` now{more}",
            help="Keep the old path beside the new one, marked as deprecated, until clients have moved.",
            related=[Step(each.at, f"`{each.label}` was here") for each, _ in pairs[:20]],
            discriminator=old.label,
            unit=old.label,
            severity=Severity.INFO if deprecated else None,
        )

    def _removed(self, operations: list[Endpoint], deprecated: bool, project: Project) -> Finding:
        first = operations[0]
        return self.finding(
            here(project, first.at.path, first.router),
            f"{labels(operations)} {'are' if len(operations) > 1 else 'is'} gone: clients that call "
            f"{'them' if len(operations) > 1 else 'it'} get 404",
            help="Mark it as deprecated first and say until when it is served, or serve the change under a new version.",
            related=[Step(each.at, f"`{each.label}` was here") for each in operations[:20]],
            discriminator=first.label,
            unit=first.label,
            severity=Severity.INFO if deprecated else None,
        )
