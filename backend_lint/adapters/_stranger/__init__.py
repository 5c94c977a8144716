"""What a request without credentials is answered.

Takes: a project, and what its framework does with such a request.
Gives: the refusals of a decorator, a hook or a handler.
Never: says which routes are guarded by them.
"""

from backend_lint.adapters._stranger.library import Library
from backend_lint.adapters._stranger.refusal import Refusal, statuses
from backend_lint.adapters._stranger.strangers import Strangers
from backend_lint.adapters._stranger.values import HEADERS, PRESENT

__all__ = ["HEADERS", "PRESENT", "Library", "Refusal", "Strangers", "statuses"]
