"""All that a rule may import; rules of one file's syntax take `backend_lint.api.syntax` besides, which loads LibCST.

Takes: nothing but what the engine hands to a rule.
Gives: `ProjectRule`, the words of findings, the backend model, the IR.
Never: loads LibCST here, so that project rules cost nothing at start.
"""

from backend_lint.api.drf import is_paginated, lists_by_itself, paginators
from backend_lint.api.flow import FlowRule
from backend_lint.api.rule import ContractRule, ProjectRule, Rule, Unit
from backend_lint.core import Confidence, Edit, Finding, Fix, Place, Role, Safety, Severity, Step, a, listed, words
from backend_lint.facts import ir
from backend_lint.project import CallSite, Class, Function, ImportEdge, Module, Path, Project, Scope, Type
from backend_lint.project.constants import UNKNOWN
from backend_lint.project.contract import Changed, Comparison, Direction, Endpoint, Object, Parameter, Signature
from backend_lint.project.contract import Field as ContractField
from backend_lint.project.contract import parameters as parameter_pairs
from backend_lint.project.contract import place as contract_place
from backend_lint.project.contract.types import UNTOLD, Requirement
from backend_lint.project.model import (
    App,
    Column,
    ColumnUse,
    Commit,
    Enqueue,
    Flow,
    Guard,
    GuardKind,
    Index,
    Input,
    LogCall,
    Middleware,
    Migration,
    Model,
    Operation,
    Outbound,
    Query,
    Relationship,
    Route,
    Router,
    Schema,
    SchemaField,
    Setting,
    StoredTable,
    Task,
    Transaction,
)
from backend_lint.project.model.effects import Effect, Occurrence

__all__ = [
    "UNKNOWN",
    "UNTOLD",
    "App",
    "CallSite",
    "Changed",
    "Class",
    "Column",
    "ColumnUse",
    "Commit",
    "Comparison",
    "Confidence",
    "ContractField",
    "ContractRule",
    "Direction",
    "Edit",
    "Effect",
    "Endpoint",
    "Enqueue",
    "Finding",
    "Fix",
    "Flow",
    "FlowRule",
    "Function",
    "Guard",
    "GuardKind",
    "ImportEdge",
    "Index",
    "Input",
    "LogCall",
    "Middleware",
    "Migration",
    "Model",
    "Module",
    "Object",
    "Occurrence",
    "Operation",
    "Outbound",
    "Parameter",
    "Path",
    "Place",
    "Project",
    "ProjectRule",
    "Query",
    "Relationship",
    "Requirement",
    "Role",
    "Route",
    "Router",
    "Rule",
    "Safety",
    "Schema",
    "SchemaField",
    "Scope",
    "Setting",
    "Severity",
    "Signature",
    "Step",
    "StoredTable",
    "Task",
    "Transaction",
    "Type",
    "Unit",
    "a",
    "contract_place",
    "ir",
    "is_paginated",
    "listed",
    "lists_by_itself",
    "paginators",
    "parameter_pairs",
    "words",
]
