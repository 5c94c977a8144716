"""The import name of the built-in pack.

In a checkout its files lie in `rules/` at the top of the repository, in an installed package beside this file.
"""

from pathlib import Path

_checkout = Path(__file__).resolve().parents[2] / "rules"
if _checkout.is_dir() and (_checkout / "architecture").is_dir():
    __path__ = [str(_checkout)]
