"""The backend: what the frameworks make of the code, in words common to all of them.

Adapters fill it in, rules read it. Every thing knows its place, and the function or class it was read from.
"""

from backend_lint.project.model.app import App, ExceptionHandler, Middleware
from backend_lint.project.model.backend import Backend
from backend_lint.project.model.flow import Flow
from backend_lint.project.model.log import LogCall
from backend_lint.project.model.migration import Migration, Operation, StoredTable
from backend_lint.project.model.outbound import Outbound
from backend_lint.project.model.query import ColumnUse, Query
from backend_lint.project.model.route import Guard, GuardKind, Input, Route, Router
from backend_lint.project.model.schema import Schema, SchemaField
from backend_lint.project.model.setting import Setting
from backend_lint.project.model.table import Column, Index, Model, Relationship
from backend_lint.project.model.task import Enqueue, Task
from backend_lint.project.model.transaction import Commit, Transaction

__all__ = [
    "App",
    "Backend",
    "Column",
    "ColumnUse",
    "Commit",
    "Enqueue",
    "ExceptionHandler",
    "Flow",
    "Guard",
    "GuardKind",
    "Index",
    "Input",
    "LogCall",
    "Middleware",
    "Migration",
    "Model",
    "Operation",
    "Outbound",
    "Query",
    "Relationship",
    "Route",
    "Router",
    "Schema",
    "SchemaField",
    "Setting",
    "StoredTable",
    "Task",
    "Transaction",
]
