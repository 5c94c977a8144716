"""Names that stand for types."""

from __future__ import annotations

import pytest

from tests.reading import linked


@pytest.mark.parametrize("alias", ["Tree = Tree | None", "Tree = Leaf\nLeaf = Tree", "Tree = list[Tree]"])
def test_an_alias_that_names_itself_is_followed_once(alias: str) -> None:
    project = linked({"app.py": f"{alias}\ndef grow(tree: Tree) -> None:\n    tree.water()\n"})
    (function,) = project.functions()
    kind = project.types.annotation(function.parameters[0].annotation, function.around)
    assert kind is None or kind.name == "builtins.list"
