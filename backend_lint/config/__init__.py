"""Settings as one frozen `Config`.

Takes: configuration files, environment and flags, all handed in by the caller.
Gives: `Config` by project, which rules it selects, how severe they are, and where each value came from.
Never: reads the environment or the working directory, or knows a rule.
"""

from backend_lint.config.layer import FILE_NAMES, own_file, profiles
from backend_lint.config.load import AT_THE_TOP, Group, Invocation, configs_for, shown, unknown_variables
from backend_lint.config.patterns import Pattern, Patterns
from backend_lint.config.schema import schema
from backend_lint.config.select import Overrides, check_rules, is_selected, severity_of, specificity
from backend_lint.config.settings import Config, Origin, OriginKind, Override, Settings, Taint, mistake
from backend_lint.config.silence import silences

__all__ = [
    "AT_THE_TOP",
    "FILE_NAMES",
    "Config",
    "Group",
    "Invocation",
    "Origin",
    "OriginKind",
    "Override",
    "Overrides",
    "Pattern",
    "Patterns",
    "Settings",
    "Taint",
    "check_rules",
    "configs_for",
    "is_selected",
    "mistake",
    "own_file",
    "profiles",
    "schema",
    "severity_of",
    "shown",
    "silences",
    "specificity",
    "unknown_variables",
]
