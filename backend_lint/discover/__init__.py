"""Which files a run is about, what each is for, and what imports call it.

Takes: a `Config` and the paths that were named.
Gives: `Discovery`, the files in one order with their roles; source roots and module names.
Never: reads more of a file than its first lines, or follows a link to a directory.
"""

from backend_lint.discover.changes import Changes, changes, is_touched
from backend_lint.discover.files import Discovery, File, files, files_at, projects
from backend_lint.discover.history import History
from backend_lint.discover.role import is_generated, roles
from backend_lint.discover.roots import Import, module_name, roots

__all__ = [
    "Changes",
    "Discovery",
    "File",
    "History",
    "Import",
    "changes",
    "files",
    "files_at",
    "is_generated",
    "is_touched",
    "module_name",
    "projects",
    "roles",
    "roots",
]
