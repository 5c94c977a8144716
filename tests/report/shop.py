"""A run over a small shop, hand-built, that every format is shown: a bit of everything, hostile text included."""

from __future__ import annotations

import msgspec

from backend_lint.core import (
    GUIDELINES,
    Confidence,
    Debt,
    Diagnostic,
    DiagnosticKind,
    Edit,
    Finding,
    Fix,
    Gate,
    GuidelineScore,
    Inventory,
    Phase,
    Place,
    Report,
    RuleInfo,
    Safety,
    Score,
    Severity,
    State,
    Step,
)
from backend_lint.report import render, split_lines

SECRET = "hunter2-canary-9f3c"
HOSTILE = (
    "</script><img src=x onerror=alert(1)> [bold]dict[str, int][/bold] \x1b[31m::error::owned ]]> ``` {0} 🚀 &amp; |"
)

FILES = {
    "app/reports.py": """\
from app.db import run


def search(request):
    term = request.query_params["q"]
    limit = 10

    sql = f"select * from report where title like '%{term}%'"
    return run(sql)
""",
    "app/db.py": """\
def run(sql):
    return session.execute(text(sql))
""",
    "app/api/orders.py": """\
@router.delete("/orders/{order_id}")
async def delete_order(order_id: int, session: SessionDep) -> dict[str, int]:
    for line in session.query(Line):
        print(line.order.customer.name)
    return {"deleted": 1}
""",
    "app/settings.py": f"""\
DEBUG = True
DATABASE = connect(user="shop", password="{SECRET}")
""",
    "app/hostile.py": "# 🚀 emoji before\tand a tab\r\nvalue\t= \"\x1b[31mred [bold] </script>\"\r\n::error::x = '''\r\n\u202ereversed'''\r\n",
    "app/payments.py": """\
def charge(order):
    try:
        gateway.charge(order)
    except PaymentError:
        logger.error("charge failed for %s", order.id)
""",
    "app/weird & <name>.py": "x = 1\n",
}

DOC = """\
## What it does
Reports {what}.

## Why it matters
{why}

## Example
```python
bad()
```

## Use instead
```python
good()
```
"""


def rule(code: str, name: str, severity: Severity, title: str, why: str, **more: object) -> RuleInfo:
    doc = DOC.format(what=title.lower().rstrip("."), why=why)
    guideline = f"{code[:3]}-{code[3]}"
    known = {"unit": "function", "scope": "project", **more}
    return RuleInfo(code=code, name=name, guideline=guideline, severity=severity, title=title, doc=doc, **known)


RULES = (
    rule("API301", "no-response-model", Severity.LOW, "Route without a response model.", "Nobody can see what it returns."),
    rule("ARC101", "import-cycle", Severity.MEDIUM, "Modules import each other.", "Neither can be understood alone."),
    rule("DAT301", "n-plus-one", Severity.MEDIUM, "One query per row.", "The page gets slower with every order.", unit="query"),
    rule(
        "SEC101", "unguarded-route", Severity.HIGH, "Route without the guard its siblings have.",
        "Whoever knows the path can call it.", unit="route", cwe=(306,), owasp=("A01:2021",),
    ),
    rule(
        "SEC201", "sql-injection", Severity.CRITICAL, "Request data becomes part of a query's text.",
        "Whoever can call the route can run their own SQL,\nwith the rights of the application.", unit="query", cwe=(89,), owasp=("A03:2021",),
    ),
    rule("SEC301", "hardcoded-secret", Severity.HIGH, "Secret in the source.", "Whoever can read the code can log in.", scope="file", cwe=(798,)),
    rule("SEC403", "traceback-lost", Severity.MEDIUM, "Error logged without its traceback.", "The message says that, the traceback says where.", scope="file", cwe=(778,)),
    rule("SEC499", "preview-rule", Severity.INFO, "Something new.", "It may matter.", preview=True),
)  # fmt: skip


def at(path: str, snippet: str, until: str | None = None) -> Place:
    """The place of the first `snippet` in a file, or of the text from it up to the end of `until`."""
    text = FILES[path]
    start = text.index(snippet)
    end = text.index(until, start) + len(until) if until else start + len(snippet)

    def position(offset: int) -> tuple[int, int]:
        before = split_lines(text[:offset] + "x")
        return len(before), len(before[-1])

    return Place(path, *position(start), *position(end))


def finding(code: str, place: Place, message: str, help: str, **more: object) -> Finding:
    known = next(each for each in RULES if each.code == code)
    fields = {
        "name": known.name,
        "guideline": known.guideline,
        "severity": known.severity,
        "cwe": known.cwe,
        "owasp": known.owasp,
        "preview": known.preview,
        "fingerprint": f"{code.lower()}-{place.path}-{place.line}-{place.column}",
    }
    return Finding(at=place, message=message, help=help, code=code, **(fields | more))


def fix(path: str, old: str, new: str, safety: Safety, why: str = "") -> Fix:
    start = FILES[path].index(old)
    return Fix((Edit(path, start, start + len(old), new),), safety, why)


FINDINGS = (
    finding(
        "SEC201",
        at("app/reports.py", "run(sql)"),
        "Request data reaches the text of the query that `GET /reports/{report_id}/search` runs",
        'Bind the value:\n  session.execute(text("… like :t"), {"t": f"%{term}%"})',
        trace=(
            Step(at("app/reports.py", 'request.query_params["q"]'), "comes from the request"),
            Step(at("app/reports.py", "f\"select * from report where title like '%{term}%'\""), "becomes part of a string"),
            Step(at("app/reports.py", "run(sql)"), "passed as `sql`"),
            Step(at("app/db.py", "text(sql)"), "used as query text"),
        ),
        unit="app.reports.search",
        also=("B608",),
        scope="app.reports.search",
    ),
    finding(
        "SEC101",
        at("app/api/orders.py", '@router.delete("/orders/{order_id}")'),
        "38 of the 40 routes require a user; `DELETE /orders/{order_id}` does not",
        "Add `Depends(current_user)`, or name it in `public-routes`.",
        related=(Step(at("app/reports.py", "def search(request):"), "a sibling that has the guard"),),
        discriminator="DELETE /orders/{order_id}",
    ),
    finding(
        "DAT301",
        at("app/api/orders.py", "for line in session", until="customer.name)"),
        "Each line of `dict[str, int]` loads its order, one query at a time",
        "Load them together: `selectinload(Line.order)`.",
        confidence=Confidence.MEDIUM,
    ),
    finding(
        "SEC301",
        at("app/settings.py", "password=", until='c")'),
        "A password stands in the call of `connect`",
        "Read it from the environment, and change it: it is in the history.",
        secrets=(at("app/settings.py", SECRET),),
    ),
    finding(
        "SEC403",
        at("app/payments.py", "error"),
        "`error()` in an `except` block loses the traceback",
        "Call `exception()`, or pass `exc_info=True`.",
        fix=fix("app/payments.py", "error", "exception", Safety.SAFE, "the same line is logged, with the traceback"),
    ),
    finding(
        "ARC101",
        at("app/hostile.py", "value\t= \"\x1b[31mred"),
        HOSTILE,
        HOSTILE,
        related=(Step(at("app/weird & <name>.py", "x"), HOSTILE),),
        reason=HOSTILE,
        fix=fix("app/hostile.py", "value", "</script>", Safety.DISPLAY),
    ),
    finding("ARC101", at("app/hostile.py", "::error::x"), "::error::a message like a command", "::warning::do not"),
    finding("API301", Place("app/gone.py", 7, 5, 7, 9), "`GET /gone` has no response model", "Give it one."),
    finding("API301", at("app/weird & <name>.py", "x"), "`GET /weird` has no response model", "Give it one."),
    finding(
        "API301", at("app/api/orders.py", "async def delete_order"), "`DELETE /orders/{order_id}` has no response model", "Give it one.",
        state=State.BASELINED,
    ),
    finding(
        "SEC403", at("app/payments.py", "logger"), "`error()` loses the traceback", "Call `exception()`.",
        state=State.SUPPRESSED, reason="the gateway logs it",
    ),
)  # fmt: skip

DIAGNOSTICS = (
    Diagnostic("app/old.py", 14, DiagnosticKind.SYNTAX, "print without parentheses"),
    Diagnostic(None, None, DiagnosticKind.NOTICE, "bandit's own checks did not run on 1 file"),
)

MODEL = {
    "frameworks": ["FastAPI", "SQLAlchemy"],
    "routes": [
        {
            "path": "/reports/{report_id}/search", "methods": ["GET"], "handler": "app.reports.search", "file": "app/reports.py", "line": 4,
            "params": [{"name": "q", "in": "query", "type": "str", "required": True}], "body": None, "response_model": None, "status_code": 200,
            "guards": [{"kind": "authentication", "name": "current_user"}, {"kind": "throttle", "name": "limiter"}], "tags": ["reports"], "deprecated": False,
        },
        {
            "path": "/orders/{order_id}", "methods": ["DELETE"], "handler": "app.api.orders.delete_order", "file": "app/api/orders.py", "line": 1,
            "params": [{"name": "order_id", "in": "path", "type": "int", "required": True}], "body": None, "response_model": "dict[str, int]", "status_code": 200,
            "guards": [], "tags": [], "deprecated": True,
        },
    ],
    "models": [
        {
            "name": "Order", "table": "orders", "file": "app/models.py", "line": 5,
            "columns": [
                {"name": "id", "type": "Integer", "nullable": False, "primary_key": True, "unique": False, "index": False, "foreign_key": None},
                {"name": "customer_id", "type": "Integer", "nullable": True, "primary_key": False, "unique": False, "index": True, "foreign_key": "customers.id"},
            ],
        },
    ],
    "schemas": [{"name": "OrderOut</script>", "file": "app/schemas.py", "line": 3, "fields": [{"name": "id", "type": "int", "required": True}]}],
    "tasks": [{"name": "app.tasks.send_invoice", "kind": "celery", "file": "app/tasks.py", "line": 9}],
    "outbound": [{"library": "httpx", "method": "POST", "url": "https://pay.example/charge", "timeout": None, "retry": False, "file": "app/payments.py", "line": 3}],
    "settings": [{"name": "DATABASE", "file": "app/settings.py", "line": 2}],
    "layers": [{"name": name, "modules": [f"app.{name}_{n}" for n in range(size)]} for name, size in (("api", 6), ("services", 4), ("data", 3))],
    "imports": [
        {"from": "api", "to": "services", "count": 14, "violation": False},
        {"from": "services", "to": "data", "count": 9, "violation": False},
        {"from": "data", "to": "api", "count": 1, "violation": True},
    ],
}  # fmt: skip


def debt(code: str, penalty: float, clean: int, gain: float = 0.0) -> Debt:
    return Debt(code, penalty, clean, clean + 1, penalty / (clean + 10), gain, 1.5 * gain)


GUIDELINE_SCORES = {
    "ARC-1": GuidelineScore("ARC-1", 97.52, 0.0254, 1.0, rules=(debt("ARC101", 7.5, 285, 0.2),), active_rules=9, all_rules=9),
    "API-3": GuidelineScore("API-3", 75.0, 0.3333, 1.0, rules=(debt("API301", 10.0, 20, 1.5),), active_rules=4, all_rules=4),
    "DAT-3": GuidelineScore("DAT-3", 84.37, 0.1853, 1.0, rules=(debt("DAT301", 6.3, 24, 0.8),), active_rules=5, all_rules=5),
    "SEC-1": GuidelineScore("SEC-1", 57.55, 0.303, 0.75, high=2, rules=(debt("SEC101", 8.0, 38, 9.5),), active_rules=8, all_rules=8),
    "SEC-2": GuidelineScore("SEC-2", 37.98, 0.3165, 0.5, high=1, critical=1, rules=(debt("SEC201", 10.0, 24, 30.0),), active_rules=31, all_rules=34),
    "SEC-3": GuidelineScore("SEC-3", 100.0, active_rules=6, all_rules=6),
}  # fmt: skip

SCORE = Score(
    model=1,
    overall=50.0,
    letter="D",
    cap=50,
    capped_by=("1 critical",),
    complete=False,
    guidelines=tuple(GUIDELINE_SCORES.get(id, GuidelineScore(id, None, all_rules=3)) for id in GUIDELINES),
    sections={"ARC": 97.52, "API": 75.0, "DAT": 84.37, "SEC": 50.0},
    next_best=(debt("SEC201", 10.0, 24, 30.0), debt("SEC101", 8.0, 38, 9.5), debt("API301", 10.0, 20, 1.5)),
    weights={"critical": 10.0, "high": 4.0, "medium": 1.5, "low": 0.5, "info": 0.0},
    certainty={"high": 1.0, "medium": 0.7, "low": 0.3},
)

REPORT = Report(
    version="1.0.0",
    project="shop",
    profile="default",
    inventory=Inventory(("FastAPI", "SQLAlchemy 2"), ("src/",), 212, 211, 38412, 30000, 40, 14, 61, 3, 2),
    rules=RULES,
    findings=tuple(sorted(FINDINGS, key=lambda each: each.sort_key)),
    diagnostics=DIAGNOSTICS,
    examined={each.code: 40 for each in RULES},
    score=SCORE,
    gate=Gate(False, ("10 findings at medium or above (--fail-on medium)",)),
    proved={"B608": 3},
    model=msgspec.json.encode(MODEL),
    disabled={"API401": "backend-lint.toml:7", "SEC210": "backend-lint.toml:8"},
    config_path="backend-lint.toml",
    timing=(Phase("parse", 1.25), Phase("rules", 0.5)),
    revision="4f2c9d1",
    command="backend-lint . --format html",
)

CLEAN = msgspec.structs.replace(
    REPORT,
    findings=(),
    diagnostics=(),
    inventory=msgspec.structs.replace(REPORT.inventory, files_read=212),
    score=msgspec.structs.replace(
        SCORE,
        overall=100.0,
        letter="A",
        cap=100,
        capped_by=(),
        complete=True,
        sections=dict.fromkeys(SCORE.sections, 100.0),
        next_best=(),
        guidelines=tuple(GuidelineScore(id, 100.0, active_rules=3, all_rules=3) for id in GUIDELINES),
    ),
    gate=Gate(True),
)


def lines(path: str) -> list[str] | None:
    return split_lines(FILES[path]) if path in FILES else None


def shown(format_name: str, report: Report = REPORT, **how: object) -> str:
    return render(format_name, report, lines=lines, **how)
