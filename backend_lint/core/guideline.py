"""The sixteen guidelines that every rule and every report hangs on."""

# ruff: noqa: E501
from __future__ import annotations

import msgspec


class Guideline(msgspec.Struct, frozen=True):
    """`id` is `SEC-2`, `title` its sentence, `looks_at` what a reviewer who holds it looks at.

    `unseen` is what of that no analysis of the code alone can tell.
    """

    id: str
    title: str
    looks_at: str
    unseen: str

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
            "whether names say what things are, whether a module's parts belong together, and code that only tests or other repositories use",
        ),
        Guideline(
            "ARC-2",
            "separation of concerns",
            "layers and their direction, queries in controllers, HTTP types in services and models, business rules in serializers, import-time side effects, ORM entities crossing the API",
            "what a layer is for where neither names, imports nor effects tell; business rules that live in the database or in clients",
        ),
        Guideline(
            "ARC-3",
            "appropriate patterns",
            "injection rather than construction per request, session and resource lifetimes, app factories, settings objects, type dispatch",
            "whether a pattern is worth its cost here; objects that a container builds from configuration at run time",
        ),
        Guideline(
            "ARC-4",
            "scalable and extensible",
            "blocking calls under async, timeouts and retries on outbound calls, per-process state, caches with bounds and expiry, background work and queues, pagination, streaming",
            "load, the number of processes, the sizes of tables and payloads, limits set in proxies and servers",
        ),
        Guideline(
            "API-1",
            "intuitive, consistent endpoints",
            "resource naming, methods and status codes, shadowed and duplicate routes, one envelope, one pagination style",
            "whether names mean something to clients; routes that are registered from data, or rewritten by a proxy",
        ),
        Guideline(
            "API-2",
            "request validation, error handling",
            "typed and bounded inputs, 404s, no swallowed or leaking errors, consistent error bodies",
            "whether bounds are the right ones; errors that a gateway makes, and checks inside libraries",
        ),
        Guideline(
            "API-3",
            "documented APIs",
            "summaries, response models, error responses, described parameters and fields, docs that match the code",
            "whether descriptions are true and understood; documents that are written by hand outside the code",
        ),
        Guideline(
            "API-4",
            "versioned, backward compatible",
            "one versioning scheme, breaking changes against a base revision, deprecation marked",
            "what clients rely on, and changes of meaning behind an unchanged signature",
        ),
        Guideline(
            "DAT-1",
            "efficient schemas and models",
            "keys, indexes for the columns that are really filtered on, types (money, time, enum), uniqueness, constraints",
            "the data: sizes, distributions, the plans of the database; indexes and constraints made outside migrations",
        ),
        Guideline(
            "DAT-2",
            "validation and sanitisation",
            "mass assignment, unconstrained schemas, operator injection, user-controlled sort/filter fields, stored markup",
            "rules of the business that no type says; data that was stored before a check existed, or by another program",
        ),
        Guideline(
            "DAT-3",
            "optimised queries",
            "N+1, unbounded reads, per-row writes, filtering in Python, counting for existence",
            "how many rows there are and how long a query takes; what a database or a cache makes of it",
        ),
        Guideline(
            "DAT-4",
            "integrity and consistency",
            "transactions, races, rollback, side effects inside transactions, idempotency, safe migrations",
            "isolation levels set in the server, consistency between services, what a message broker delivers twice",
        ),
        Guideline(
            "SEC-1",
            "authentication, authorisation",
            "unguarded routes among guarded ones, object-level checks, guards that do nothing, tokens, passwords, throttling",
            "who should be allowed to do what; guards in a proxy or a gateway, and policies kept as data",
        ),
        Guideline(
            "SEC-2",
            "OWASP Top 10",
            "injection and the other taint classes, misconfiguration, weak cryptography, Bandit's checks",
            "versions of dependencies with known faults, the configuration of servers, what templates and scripts in the browser do",
        ),
        Guideline(
            "SEC-3",
            "sensitive data",
            "secrets and personal data in code, logs, URLs, responses, exceptions; storage of passwords",
            "which fields are personal where no name tells; encryption at rest, backups, and who reads the logs",
        ),
        Guideline(
            "SEC-4",
            "logging and monitoring",
            "swallowed errors, security events, logging done wrong, health and error reporting",
            "whether anybody looks: alerts, retention, dashboards, and log pipelines outside the code",
        ),
    )
}


def guideline_of(code: str) -> str:
    """The guideline of a rule's code: `SEC403` stands under `SEC-4`."""
    return f"{code[:3]}-{code[3]}"
