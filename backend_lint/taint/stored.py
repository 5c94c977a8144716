"""Columns of text: what routes store there, and who reads it, where `stored_values` asks for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.project.modules import Class
from backend_lint.taint.labels import Kept, Label, Labels

if TYPE_CHECKING:
    from backend_lint.taint.domain import Value
    from backend_lint.taint.engine import Engine
    from backend_lint.taint.frame import Frame

_TEXT = frozenset({"string", "text", "json", "binary"})


class StoredValues:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def read(self, cls: Class, attribute: str) -> Labels:
        """The label of whatever is written to a column; none where it holds no text."""
        name = self._column(cls, attribute)
        return (Label(Kept(name)),) if name is not None else ()

    def written(self, frame: Frame, cls: Class, attribute: str, value: Value) -> None:
        name = self._column(cls, attribute)
        if name is not None:
            frame.keep(name, (), value)

    def _column(self, cls: Class, attribute: str) -> str | None:
        if not self.engine.options.stored_values:
            return None
        entity = self.engine.project.models.get(cls.qualified)
        column = entity.columns.get(attribute) if entity is not None else None
        return f"{cls.qualified}.{attribute}" if column is not None and column.family in _TEXT else None
