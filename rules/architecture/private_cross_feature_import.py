"""A feature takes something private from another one.

## What it does
Reports imports across packages of names that begin with an underscore; and imports of an inner module of
another feature where nearly all others who use that feature go through its `service`, its `api` or its package.

## Why it matters
What is private may change with any commit of those who own it, who do not look for users elsewhere. And a feature that
is entered from all sides can be neither changed nor taken out.

## Example
```python
# shop/billing/service.py
def _rounded(amount): return round(amount, 2)


def charge(order): return _rounded(order.total)


# shop/shipping/labels.py
from shop.billing.service import _rounded


def label(order): return _rounded(order.weight)
```

## Use instead
```python
# shop/billing/service.py
def rounded(amount): return round(amount, 2)


def charge(order): return rounded(order.total)


# shop/shipping/labels.py
from shop.billing.service import rounded


def label(order): return rounded(order.weight)
```

## When not to
Modules of one package share what is private to it; tests may look inside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from backend_lint.api import Finding, ImportEdge, Project, ProjectRule, Role, Severity, Step, Unit

_INTERFACES = frozenset({"service", "services", "interface", "interfaces", "facade", "public"})
_SEVERAL, _MODULES_A_NAME = 10, 20
_FEWEST = 8
_SHARE = 0.9


class PrivateCrossFeatureImport(ProjectRule):
    code = "ARC207"
    severity = Severity.LOW
    unit = Unit.MODULE

    def check(self, project: Project) -> Iterable[Finding]:
        edges = [
            each
            for each in project.imports
            if each.source.role is Role.APP and each.target.role is Role.APP and not each.is_type_checking
        ]
        taken: dict[tuple[str, str], list[ImportEdge]] = defaultdict(list)
        for edge in edges:
            for name in _private(edge):
                taken[edge.target.name, name].append(edge)
        if len(taken) > max(_SEVERAL, len(project.modules) // _MODULES_A_NAME):
            taken.clear()  # an underscore means something else here
        together: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
        for (owner, name), takers in sorted(taken.items()):
            together[owner, tuple(each.source.name for each in takers)].append(name)
        for (owner, sources), names in sorted(together.items()):
            first, *others = taken[owner, names[0]]
            shown = ", ".join(f"`{name}`" for name in names[:3])
            also = f", and {len(others)} more {'module does' if len(others) == 1 else 'modules do'}" if others else ""
            yield self.finding(
                first.at,
                f"`{sources[0]}` takes {shown}, private to `{owner}`{also}",
                help="Make it public where it is, or move it to what both share.",
                related=[Step(each.at, f"`{each.source.name}` takes it, too") for each in others[:5]],
                discriminator=f"{owner}.{names[0]}",
            )
        yield from self._around(edges, project)

    def _around(self, edges: list[ImportEdge], project: Project) -> Iterator[Finding]:
        """Imports that go around the interface that nearly all others use."""
        entered: dict[str, list[ImportEdge]] = defaultdict(list)
        for edge in edges:
            feature, _, module = edge.target.name.rpartition(".")
            if feature and module and not edge.source.name.startswith(f"{feature}."):
                entered[feature].append(edge)
        for feature, uses in sorted(entered.items()):
            through = [each for each in uses if each.target.name.rpartition(".")[2] in _INTERFACES]
            around = [
                each
                for each in uses
                if project.layers.get(each.target.name) in ("model", "service") and each not in through
            ]
            if len(through) >= _FEWEST and len(through) >= _SHARE * (len(through) + len(around)):
                for edge in around:
                    yield self.finding(
                        edge.at,
                        f"`{edge.source.name}` imports `{edge.target.name}`; {len(through)} of {len(uses)} imports from "
                        f"`{feature}` go through `{through[0].target.name}`",
                        help=f"Ask `{through[0].target.name}` for it, and add there what is missing.",
                        related=[Step(through[0].at, "as is done here")],
                        discriminator=edge.target.name,
                    )


def _private(edge: ImportEdge) -> list[str]:
    """What an import takes from another package that is private there."""
    source, target = edge.source.name.split("."), edge.target.name.split(".")
    common = 0
    while common < min(len(source), len(target)) and source[common] == target[common]:
        common += 1
    inside = target[:-1] if not edge.target.is_package else target
    if source[: len(inside)] == inside or len(source) - common < 2 or common == 0:
        return []  # beside it, below it, or no package of its own
    return [each for each in edge.names if each.startswith("_") and not each.startswith("__") and len(each) > 1]
