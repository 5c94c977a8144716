"""What a run can be told: the keys that a person may write, and the one frozen object that they become."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from backend_lint.config.patterns import Pattern
from backend_lint.core import Confidence, ConfigError, Role, Severity

Count = Annotated[int, Meta(ge=0)]


class _Written(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """A table of a configuration file."""


class Override(_Written, frozen=True, kw_only=True):
    """What is different for some paths."""

    paths: Annotated[tuple[Pattern, ...], Meta(description="The paths it holds for, in gitignore syntax.")]
    ignore: Annotated[tuple[str, ...], Meta(description="Rules to leave out there.")] = ()
    severity: Annotated[dict[str, Severity], Meta(description="Severities there, by rule or group.")] = {}


class Taint(_Written, frozen=True, kw_only=True):
    """Sources, sinks and sanitisers of the project's own. `model` holds tables of the form that a file has."""

    models: Annotated[tuple[Path, ...], Meta(description="Files with taint models.")] = ()
    model: Annotated[tuple[dict[str, Any], ...], Meta(description="Taint models written in place.")] = ()
    unknown_calls: Annotated[
        Literal["pass", "clean"] | None,
        Meta(description="Whether functions that nothing is known of pass on what they are given; unset, they do."),
    ] = None
    stored_values: Annotated[
        bool | None,
        Meta(description="Whether what one route stores in a column counts where another reads it (default: no)."),
    ] = None


class Settings(_Written, frozen=True, kw_only=True):
    """The keys of `[tool.backend-lint]`.

    A rule or group is a code (`SEC403`), a prefix (`SEC40`), a name (`traceback-lost`), a guideline (`SEC-4`),
    a section (`SEC`), `scope:file`, `scope:project` or `ALL`.
    """

    extend: Annotated[Path | None, Meta(description="A configuration file to start from.")] = None
    required_version: Annotated[
        str | None, Meta(description="The versions of backend-lint that may run here, as `>=1.2,<2`.")
    ] = None

    profile: Annotated[str, Meta(description="The named settings to start from.")] = "default"
    select: Annotated[tuple[str, ...], Meta(description="Rules and groups that run.")] = ("ALL",)
    extend_select: Annotated[tuple[str, ...], Meta(description="Rules and groups that run as well.")] = ()
    ignore: Annotated[tuple[str, ...], Meta(description="Rules and groups that do not run.")] = ()
    preview: Annotated[bool, Meta(description="Let preview rules run where they are selected.")] = False
    severity: Annotated[dict[str, Severity], Meta(description="Severities, by rule or group.")] = {}
    rules: Annotated[dict[str, dict[str, Any]], Meta(description="Options of rules, by name.")] = {}
    overrides: Annotated[tuple[Override, ...], Meta(description="What is different for some paths.")] = ()
    public_routes: Annotated[
        tuple[str, ...], Meta(description="Paths of routes that anyone may call, as `/health` or `/public/*`.")
    ] = ()
    no_suppress: Annotated[tuple[str, ...], Meta(description="Rules that no comment can suppress.")] = ()
    taint: Taint = Taint()
    plugins: Annotated[bool, Meta(description="Load rule packs of other installed packages.")] = True

    fail_on: Annotated[Severity | None, Meta(description="The least severity that fails the run, or `never`.")] = (
        Severity.MEDIUM
    )
    fail_under: Annotated[
        tuple[tuple[str, Annotated[float, Meta(ge=0, le=100)]], ...],
        Meta(description="Least scores: a number for the whole, or a table by guideline, section, `overall`, `new`."),
    ] = ()
    fail_on_empty: Annotated[bool, Meta(description="Fail when there is nothing to lint.")] = False
    fail_on_stale_baseline: Annotated[bool, Meta(description="Fail when entries of the baseline match nothing.")] = (
        False
    )
    fail_on_new_suppressions: Annotated[
        bool, Meta(description="Fail when there are more comments, ignored rules or accepted findings than before.")
    ] = False
    exit_zero: Annotated[bool, Meta(description="Exit 0 where findings or scores would exit 1.")] = False
    allow_incomplete: Annotated[bool, Meta(description="Exit 0 though something could not be checked.")] = False
    min_severity: Annotated[Severity, Meta(description="The least severity that is shown.")] = Severity.INFO
    min_confidence: Annotated[Confidence, Meta(description="The least confidence that is shown.")] = Confidence.LOW
    baseline: Annotated[Path | None, Meta(description="Findings that were accepted.")] = None
    contract: Annotated[Path | None, Meta(description="The API contract to keep, as `contract export` writes it.")] = (
        None
    )

    exclude: Annotated[
        tuple[Pattern, ...] | None, Meta(description="Paths to leave out instead of the usual ones.")
    ] = None
    extend_exclude: Annotated[tuple[Pattern, ...], Meta(description="Paths to leave out as well.")] = ()
    force_exclude: Annotated[bool, Meta(description="Leave out excluded paths even when they are named.")] = False
    respect_gitignore: Annotated[bool, Meta(description="Leave out what git ignores.")] = True
    roots: Annotated[tuple[Path, ...], Meta(description="Directories that imports start from.")] = ()
    roles: Annotated[
        dict[Role, tuple[Pattern, ...]], Meta(description="Paths by what they are for, over what is inferred.")
    ] = {}
    max_file_size: Annotated[Count, Meta(description="Bytes above which a file is not read; 0 reads all.")] = 5_000_000
    timeout_per_file: Annotated[
        float, Meta(ge=0, description="Seconds of computing after which a file is given up; 0 never gives up.")
    ] = 30.0
    max_memory: Annotated[
        Count,
        Meta(description="Bytes that a process which reads files may take; 0 is no limit."),
    ] = 4_000_000_000

    format: Annotated[str, Meta(description="The form of the report.")] = "full"
    absolute_paths: Annotated[bool, Meta(description="Report absolute paths.")] = False
    jobs: Annotated[Count, Meta(description="Processes to use; 0 is one for each processor.")] = 0
    cache: Annotated[bool, Meta(description="Keep facts between runs.")] = True
    cache_dir: Annotated[Path | None, Meta(description="Where to keep them.")] = None


class OriginKind(str, enum.Enum):
    DEFAULT = "default"
    PROFILE = "profile"
    FILE = "file"
    ENVIRONMENT = "environment"
    FLAG = "flag"


class Origin(msgspec.Struct, frozen=True):
    """Where a value came from. `name` is the file, the variable, the flag or the profile."""

    kind: OriginKind
    name: str = ""
    line: int | None = None

    def __str__(self) -> str:
        match self.kind:
            case OriginKind.DEFAULT:
                return "default"
            case OriginKind.PROFILE:
                return f"profile {self.name}"
            case _:
                return f"{self.name}:{self.line}" if self.line else self.name


def mistake(message: str, origin: Origin) -> ConfigError:
    """The error that a value is which came from `origin`."""
    if origin.kind is OriginKind.FILE:
        return ConfigError(message, origin.name, origin.line)
    return ConfigError(f"{message} ({origin})")


class Config(Settings, frozen=True, kw_only=True):
    """Everything a run needs, built once.

    `root` is the absolute directory that reported paths are relative to. It `is_project` when a configuration or git
    says that it is one; otherwise it is merely where the named paths meet. A configuration that the caller named
    `is_imposed`: others further down do not count.
    `origins` maps a dotted key to where its value came from. A word in a list or table has a key of its own, as
    `ignore.SEC4` or `severity.SEC403`; so has a table in a list, as `overrides[0].paths`.
    """

    root: Path
    config_path: Path | None = None
    is_project: bool = False
    is_imposed: bool = False
    origins: dict[str, Origin] = {}

    def origin(self, key: str) -> Origin:
        return self.origins.get(key, Origin(OriginKind.DEFAULT))
