"""Reports of several projects as one, for formats that hold one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from backend_lint.core import Gate, Inventory, Part, Report
from backend_lint.findings.score import score
from backend_lint.report.rebase import rebased


def together(parts: Sequence[tuple[str, Report]], name: str) -> Report:
    """One report on the project `name`, of which each part lies below a directory. `""` is its own.

    Its score is computed again from all findings and units, as if it were one project; its `parts` keep their own.
    """
    reports = [_below(base, report) for base, report in parts]
    rules = {rule.code: rule for report in reports for rule in report.rules}
    findings = sorted((each for report in reports for each in report.findings), key=lambda each: each.sort_key)
    examined: Counter[str] = Counter()
    for report in reports:
        examined.update(report.examined)
    first = reports[0]
    return msgspec.structs.replace(
        first,
        project=name,
        profile=", ".join(sorted({report.profile for report in reports})),
        inventory=_sum([report.inventory for report in reports]),
        rules=tuple(rules[code] for code in sorted(rules)),
        findings=tuple(findings),
        diagnostics=tuple(each for report in reports for each in report.diagnostics),
        examined=dict(sorted(examined.items())),
        score=score(findings, examined, rules.values(), all(report.score.complete for report in reports)),
        gate=Gate(
            all(report.gate.passed for report in reports),
            tuple(f"{report.project}: {reason}" for report in reports for reason in report.gate.reasons),
        ),
        suppressions=tuple(each for report in reports for each in report.suppressions),
        stale=sum(report.stale for report in reports),
        proved=dict(sum((Counter(report.proved) for report in reports), Counter[str]())),
        model=msgspec.json.encode(_model([msgspec.json.decode(report.model) for report in reports])),
        disabled={code: why for report in reports for code, why in report.disabled.items() if code not in rules},
        config_path=None,
        timing=(),
        parts=tuple(Part(each.project, each.score, each.inventory, each.gate) for each in reports),
    )


def _below(base: str, report: Report) -> Report:
    """The report with paths, and the names of units, that count from the directory above `base`."""
    if not base:
        return report
    moved, _ = rebased(report, lambda path: None, base)
    findings = (msgspec.structs.replace(each, unit=each.unit and f"{base}/{each.unit}") for each in moved.findings)
    suppressions = (
        msgspec.structs.replace(each, at=msgspec.structs.replace(each.at, path=f"{base}/{each.at.path}"))
        for each in report.suppressions
    )
    model = msgspec.json.encode(_rebased_model(msgspec.json.decode(report.model), base))
    return msgspec.structs.replace(
        moved, findings=tuple(findings), suppressions=tuple(suppressions), project=base, model=model
    )


def _sum(inventories: Sequence[Inventory]) -> Inventory:
    numbers = {
        name: sum(getattr(each, name) for each in inventories)
        for name in Inventory.__struct_fields__
        if isinstance(getattr(inventories[0], name), int)
    }
    frameworks = dict.fromkeys(name for each in inventories for name in each.frameworks)
    roots = dict.fromkeys(name for each in inventories for name in each.roots)
    return Inventory(frameworks=tuple(frameworks), roots=tuple(roots), **numbers)


def _model(models: Sequence[Any]) -> Any:
    """The lists of all models, each after the other's; a thing that is no list is the first one's."""
    known = [model for model in models if isinstance(model, dict)]
    keys = dict.fromkeys(key for model in known for key in model)
    lists = {key: [entry for model in known for entry in model.get(key) or ()] for key in keys if key != "layers"}
    layers: dict[str, list[str]] = {}
    for layer in (layer for model in known for layer in model.get("layers") or ()):
        layers.setdefault(layer["name"], []).extend(layer["modules"])
    lists["frameworks"] = list(dict.fromkeys(lists.get("frameworks", ())))
    return {**lists, "layers": [{"name": name, "modules": modules} for name, modules in layers.items()]}


def _rebased_model(model: Any, base: str) -> Any:
    match model:
        case dict():
            return {
                key: f"{base}/{value}" if key == "file" and isinstance(value, str) else _rebased_model(value, base)
                for key, value in model.items()
            }
        case list():
            return [_rebased_model(each, base) for each in model]
        case _:
            return model
