"""The sixteen guidelines that every rule and every report hangs on."""

# ruff: noqa: E501
from __future__ import annotations

import msgspec


class Guideline(msgspec.Struct, frozen=True):
    """`id` is `SEC-2`, `title` its sentence, `looks_at` what a reviewer who holds it looks at."""

    id: str
    title: str
    looks_at: str

    @property
    def section(self) -> str:
        return self.id[:3]


SECTIONS: dict[str, str] = {
    "ARC": "Architecture and design",
    "API": "API development",
    "DAT": "Data management",
    "SEC": "Security",
}

GUIDELINES: dict[str, Guideline] = {
    guideline.id: guideline
    for guideline in (
        Guideline(
            "ARC-1",
            "clean, modular, maintainable",
            "import cycles, god modules/classes/handlers, complexity, duplication, hard-coded environment, dead code",
        ),
        Guideline(
            "ARC-2",
            "separation of concerns",
            "layers and their direction, queries in controllers, HTTP types in services and models, business rules in serializers, import-time side effects, ORM entities crossing the API",
        ),
        Guideline(
            "ARC-3",
            "appropriate patterns",
            "injection rather than construction per request, session and resource lifetimes, app factories, settings objects, type dispatch",
        ),
        Guideline(
            "ARC-4",
            "scalable and extensible",
            "blocking calls under async, timeouts and retries on outbound calls, per-process state, caches with bounds and expiry, background work and queues, pagination, streaming",
        ),
        Guideline(
            "API-1",
            "intuitive, consistent endpoints",
            "resource naming, methods and status codes, shadowed and duplicate routes, one envelope, one pagination style",
        ),
        Guideline(
            "API-2",
            "request validation, error handling",
            "typed and bounded inputs, 404s, no swallowed or leaking errors, consistent error bodies",
        ),
        Guideline(
            "API-3",
            "documented APIs",
            "summaries, response models, error responses, described parameters and fields, docs that match the code",
        ),
        Guideline(
            "API-4",
            "versioned, backward compatible",
            "one versioning scheme, breaking changes against a base revision, deprecation marked",
        ),
        Guideline(
            "DAT-1",
            "efficient schemas and models",
            "keys, indexes for the columns that are really filtered on, types (money, time, enum), uniqueness, constraints",
        ),
        Guideline(
            "DAT-2",
            "validation and sanitisation",
            "mass assignment, unconstrained schemas, operator injection, user-controlled sort/filter fields, stored markup",
        ),
        Guideline(
            "DAT-3",
            "optimised queries",
            "N+1, unbounded reads, per-row writes, filtering in Python, counting for existence",
        ),
        Guideline(
            "DAT-4",
            "integrity and consistency",
            "transactions, races, rollback, side effects inside transactions, idempotency, safe migrations",
        ),
        Guideline(
            "SEC-1",
            "authentication, authorisation",
            "unguarded routes among guarded ones, object-level checks, guards that do nothing, tokens, passwords, throttling",
        ),
        Guideline(
            "SEC-2",
            "OWASP Top 10",
            "injection and the other taint classes, misconfiguration, weak cryptography, Bandit's checks",
        ),
        Guideline(
            "SEC-3",
            "sensitive data",
            "secrets and personal data in code, logs, URLs, responses, exceptions; storage of passwords",
        ),
        Guideline(
            "SEC-4",
            "logging and monitoring",
            "swallowed errors, security events, logging done wrong, health and error reporting",
        ),
    )
}


def guideline_of(code: str) -> str:
    """The guideline of a rule's code: `SEC403` stands under `SEC-4`."""
    return f"{code[:3]}-{code[3]}"
