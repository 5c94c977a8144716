"""All files of a run: from the cache where their content is known, else read in parallel."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from backend_lint.core import Diagnostic, DiagnosticKind
from backend_lint.engine import pool
from backend_lint.engine.extract import Extract, Setup, extract, glimpse
from backend_lint.engine.pool import NO_LIMITS, Limits
from backend_lint.facts.cache import Cache, key_of
from backend_lint.facts.outline import imported
from backend_lint.source.text import is_suspicious

Progress = Callable[[str, int, int], None]

_ALONE_BYTES = 150_000  # below this, starting processes costs more than it saves
_DECODER = msgspec.msgpack.Decoder(Extract)
_ENCODER = msgspec.msgpack.Encoder()


class _Job(msgspec.Struct):
    path: str
    content: bytes
    tests: frozenset[str]
    is_whole: bool = True

    def key(self, fingerprint: str, configured: bytes) -> str:
        read = " ".join(sorted(self.tests)) if self.is_whole else "outline"
        return key_of(fingerprint, configured, self.path, read, self.content)


def extracts(
    contents: Mapping[str, bytes],
    setup: Setup,
    fingerprint: str,
    cache: Cache,
    tests: Callable[[str], frozenset[str]],
    *,
    apart: Collection[str] = (),
    jobs: int = 0,
    limits: Limits = NO_LIMITS,
    progress: Progress | None = None,
) -> list[Extract]:
    """What each file gives, by path. `contents` are the files' bytes by path; `jobs` of 0 is one a processor.

    `tests` gives the checks of Bandit that are to see the file of a path. The files `apart`, which no rule looks at,
    are read whole only where others need them.
    """
    configured = msgspec.json.encode(setup, order="deterministic")

    def read(job_list: list[_Job]) -> dict[str, Extract]:
        keys = {job.path: job.key(fingerprint, configured) for job in job_list}
        found = {path: entry for path, key in keys.items() if (entry := _decoded(cache.get(key))) is not None}
        missing = [job for job in job_list if job.path not in found]
        for job, result in _read(missing, setup, jobs or os.cpu_count() or 1, limits, progress):
            if isinstance(result, pool.Lost):
                diagnostic = Diagnostic(job.path, None, DiagnosticKind.LIMIT, result.reason)
                found[job.path] = Extract(job.path, None, diagnostics=[diagnostic], lines=job.content.count(b"\n"))
            else:
                cache.put(keys[job.path], result)
                found[job.path] = _DECODER.decode(result)
        return found

    known = read([_Job(path, content, tests(path), path not in apart) for path, content in sorted(contents.items())])
    facts = {path: each.facts for path, each in known.items() if each.facts is not None}
    known |= read([_Job(path, contents[path], tests(path)) for path in sorted(imported(apart, facts))])
    return [known[path] for path in sorted(known)]


def _decoded(entry: bytes | None) -> Extract | None:
    if entry is None:
        return None
    try:
        return _DECODER.decode(entry)
    except msgspec.DecodeError:
        return None


def _read(
    missing: Sequence[_Job], setup: Setup, jobs: int, limits: Limits, progress: Progress | None
) -> list[tuple[_Job, bytes | pool.Lost]]:
    work = functools.partial(_encoded, setup=setup)
    size = sum(len(job.content) for job in missing)
    if size <= _ALONE_BYTES and not any(is_suspicious(job.content) for job in missing):
        return [(job, work(job)) for job in missing]
    from backend_lint.engine import packs

    packs.load_packs(setup.plugins)  # before the workers are forked, so that they have it
    largest_first = sorted(missing, key=lambda job: (-len(job.content), job.path))
    results: list[tuple[_Job, bytes | pool.Lost]] = []
    for index, result in pool.run(work, largest_first, min(jobs, len(missing)), limits=limits):
        results.append((largest_first[index], result))
        if progress is not None:
            progress("reading", len(results), len(missing))
    return results


def _encoded(job: _Job, setup: Setup) -> bytes:
    read = extract(job.path, job.content, setup, job.tests) if job.is_whole else glimpse(job.path, job.content)
    return _ENCODER.encode(read)
