"""The contract: what clients, queues and older workers may rely on, apart from the code that keeps it."""

from backend_lint.project.contract.compare import Changed, Comparison, Direction, compared, parameters, place
from backend_lint.project.contract.compute import contract
from backend_lint.project.contract.document import decoded, document
from backend_lint.project.contract.types import Contract, Endpoint, Field, Object, Parameter, Requirement, Signature

__all__ = [
    "Changed",
    "Comparison",
    "Contract",
    "Direction",
    "Endpoint",
    "Field",
    "Object",
    "Parameter",
    "Requirement",
    "Signature",
    "compared",
    "contract",
    "decoded",
    "document",
    "parameters",
    "place",
]
