"""Documented vulnerabilities of teaching apps: how many backend-lint finds, which it misses, what it says beside them.

    python bench/vulnerable.py ~/trees [--most-extra 20]

`vulnerable/*.toml` hold one app each, written down from what its authors say before the app was first linted: file,
line of the sink, CWE, and where it is claimed. One that no analysis of the Python code can see says so in `unseen`, and
counts apart. A vulnerability is found when a finding with its CWE lies within three lines of it. `~/trees/NAME` is the
app of `NAME.toml` at the revision that stands there. Extra findings are those of the data flow rules alone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import tomli

HERE = Path(__file__).resolve().parent
FLOWS = "SEC201,SEC202,SEC203,SEC204,SEC205,SEC206,SEC207,SEC208,SEC209,SEC210,SEC211,SEC212,SEC213"
_KIN = {88: 78, 95: 94, 1336: 94, 77: 78, 943: 89, 116: 79, 73: 22, 23: 22, 36: 22, 1333: 1333, 400: 1333}
_NEAR = 3


def findings(tree: Path) -> list[dict[str, Any]]:
    arguments = [
        sys.executable,
        "-m",
        "backend_lint",
        "check",
        ".",
        "--select",
        FLOWS,
        "--format",
        "json",
        "--exit-zero",
    ]
    out = subprocess.run(arguments, cwd=tree, capture_output=True, text=True, check=False)
    report = json.loads(out.stdout)
    weaknesses = {rule["code"]: rule["cwe"] for rule in report["rules"]}
    active = [each for each in report["findings"] if each["state"] == "active"]
    return [each | {"cwes": {_KIN.get(cwe, cwe) for cwe in weaknesses.get(each["code"], ())}} for each in active]


def fits(finding: dict[str, Any], claim: dict[str, Any]) -> bool:
    at = finding["at"]
    near = at["path"] == claim["path"] and abs(at["line"] - claim["line"]) <= _NEAR
    return near and _KIN.get(claim["cwe"], claim["cwe"]) in finding["cwes"]


def measured(app: dict[str, Any], tree: Path) -> tuple[list[str], list[str], list[str]]:
    """Found, missed and extra, in words."""
    all_findings = findings(tree)
    found, missed = [], []
    used: set[int] = set()
    for claim in app["vulnerability"]:
        hits = [index for index, each in enumerate(all_findings) if fits(each, claim)]
        used.update(hits)
        said = f"{claim['path']}:{claim['line']} CWE-{claim['cwe']} ({claim['claim']})"
        if hits:
            found.append(said)
        else:
            missed.append(said + (f"; {claim['unseen']}" if "unseen" in claim else ""))
    others = [each for index, each in enumerate(all_findings) if index not in used]
    extra = [f"{each['code']} {each['at']['path']}:{each['at']['line']}" for each in others]
    return found, missed, extra


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", type=Path)
    parser.add_argument("--most-extra", type=int, default=20, help="extra findings to name, of each app")
    options = parser.parse_args()
    rows, details = [], []
    total = [0, 0, 0, 0]
    for file in sorted((HERE / "vulnerable").glob("*.toml")):
        app = tomli.loads(file.read_text("utf-8"))
        tree = options.trees / app["app"]
        if not tree.is_dir():
            print(f"no tree for {app['app']}", file=sys.stderr)
            continue
        found, missed, extra = measured(app, tree)
        unseen = [each for each in missed if ";" in each]
        counts = (len(found), len(missed) - len(unseen), len(unseen), len(extra))
        total = [one + other for one, other in zip(total, counts, strict=True)]
        rows.append(f"| {app['app']} | `{app['revision']}` | " + " | ".join(map(str, counts)) + " |")
        details.append(f"\n## {app['app']}\n")
        details += [f"* missed: {each}" for each in missed]
        details += [f"* extra: {each}" for each in extra[: options.most_extra]]
        if not missed and not extra:
            details.append("All found, and nothing else.")
    print("# Documented vulnerabilities of teaching apps\n")
    print("| app | revision | found | missed | not visible in the code | extra |\n|---|---|---|---|---|---|")
    print("\n".join(rows))
    print("| **all** | | " + " | ".join(map(str, total)) + " |")
    print("\n".join(details))


if __name__ == "__main__":
    main()
