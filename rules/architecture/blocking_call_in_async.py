"""The event loop waits for a blocking call.

## What it does
Reports a blocking call (sleep, synchronous HTTP, mail, a subprocess) that a coroutine of a serving process reaches,
directly or through plain functions, also of other files. It is silent for what is handed to a thread, for start-up
code and for what has an event loop of its own.

## Why it matters
A coroutine that blocks stops every other request of the process for as long as the call takes: one slow upstream
makes health checks fail and websockets drop.

## Example
```python
import requests
from fastapi import FastAPI

app = FastAPI()


def latest() -> dict:
    return requests.get("https://rates.example", timeout=5).json()


@app.get("/rates")
async def rates() -> dict:
    return latest()
```

## Use instead
An asynchronous client, a plain `def` (FastAPI runs it in a thread), or a thread for the call:
```python
import asyncio

import requests
from fastapi import FastAPI

app = FastAPI()


def latest() -> dict:
    return requests.get("https://rates.example", timeout=5).json()


@app.get("/rates")
async def rates() -> dict:
    return await asyncio.to_thread(latest)
```

## Options
- `cpu`: report hashing of passwords and reading of images and tables, too. Off unless asked for.
- `calls`: more calls that block, by qualified name.

## References
- https://docs.python.org/3/library/asyncio-dev.html#running-blocking-code
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from backend_lint.api import UNKNOWN, CallSite, Finding, Function, Path, Project, ProjectRule, Severity, Step, Unit
from backend_lint.rules.architecture._shared import loop_paths, serving_coroutines

_BLOCKING = frozenset(
    {"time.sleep", "os.waitpid", "os.wait", "subprocess.getoutput", "subprocess.getstatusoutput"}
    | {f"socket.{name}" for name in ("getaddrinfo", "gethostbyname", "gethostbyaddr")}
    | {"git.Repo.clone_from", "git.repo.Repo.clone_from", "dns.resolver.resolve"}
    | {f"shutil.{name}" for name in ("make_archive", "unpack_archive", "copytree", "copyfileobj")}
    | {"threading.Thread.join", "threading.Event.wait", "queue.Queue.join"}
    | {"concurrent.futures.Future.result", "concurrent.futures.wait"}
)
_CPU = frozenset(
    {"bcrypt.hashpw", "bcrypt.checkpw", "passlib.context.CryptContext.hash", "passlib.context.CryptContext.verify"}
    | {"hashlib.pbkdf2_hmac", "hashlib.scrypt", "argon2.PasswordHasher.hash", "argon2.PasswordHasher.verify"}
    | {"PIL.Image.open", "pandas.read_csv", "pandas.read_excel", "openpyxl.load_workbook"}
)


_KINDS = frozenset({"http", "mail", "socket", "process"})
_SHORT = 0.05


class BlockingCallOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cpu: bool = False
    calls: tuple[str, ...] = ()


class BlockingCallInAsync(ProjectRule):
    code = "ARC401"
    severity = Severity.HIGH
    cwe = (1322,)
    unit = Unit.FUNCTION
    Options = BlockingCallOptions

    def check(self, project: Project) -> Iterable[Finding]:
        symbols = _BLOCKING | set(self.options.calls) | (_CPU if self.options.cpu else set())
        outbound = {id(each.site.call) for each in project.outbound if not each.is_async and each.kind in _KINDS}

        def blocks(site: CallSite) -> bool:
            return id(site.call) in outbound or (site.symbol in symbols and not _is_short(site, project))

        groups: dict[tuple[str, ...], list[tuple[Function, Path]]] = {}
        for function, path in loop_paths(project, blocks):
            library = (path.last.symbol or "").partition(".")[0]
            key = (function.qualified, library) if len(path.sites) == 1 else (str(path.last.at),)
            groups.setdefault(key, []).append((function, path))
        for found in groups.values():
            yield self._finding(found)

    def _finding(self, found: list[tuple[Function, Path]]) -> Finding:
        function, path = min(found, key=lambda each: (len(each[1].sites), each[1].first.at))
        others = [(each, other) for each, other in found if other is not path]
        via = f", reached through `{path.sites[-2].name}`" if len(path.sites) > 1 else ""
        coroutines = {each.qualified for each, _ in found}
        more = f" and {len(coroutines) - 1} more" if len(coroutines) > 1 else ""
        return self.finding(
            path.first.at,
            f"`{path.last.name}()` blocks the event loop in `{function.name}`{more}{via}",
            help="Await an asynchronous client, or hand the blocking function to `asyncio.to_thread`.",
            trace=[Step(site.at, f"`{site.name}`") for site in path.sites] if len(path.sites) > 1 else (),
            related=[Step(other.first.at, f"`{each.name}` waits here, too") for each, other in others[:10]],
            discriminator=path.last.symbol or "",
        )

    def examined(self, project: Project) -> Iterable[str]:
        return [f"{each.module.path}:{each.facts.qualname}" for each in serving_coroutines(project)]


def _is_short(site: CallSite, project: Project) -> bool:
    """Whether it sleeps for no longer than a request would notice."""
    length = project.constant(site.call.args[0].value, site.scope) if site.call.args else UNKNOWN
    return site.symbol == "time.sleep" and isinstance(length, int | float) and length <= _SHORT
