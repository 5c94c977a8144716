"""The layers of the backend and what they import of each other, laid out for an SVG."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from backend_lint.report.html.page import Layer, LayerImport

_WIDTH, _BOX_WIDTH, _BOX_HEIGHT, _GAP, _MARGIN = 420, 160, 44, 40, 8
_ROOM = (_WIDTH - _BOX_WIDTH) // 2  # on each side of the boxes, for arrows that pass a layer
_BULGE = 40  # how far an arrow bows out, for each layer that it passes, where there is room
_REACH = 0.75  # of a cubic curve towards its control points


class Box(msgspec.Struct, frozen=True):
    name: str
    modules: int
    x: int
    y: int
    width: int
    height: int


class Arrow(msgspec.Struct, frozen=True):
    """`path` is the SVG path; `x`, `y` and `anchor` say where and how its count stands."""

    path: str
    x: int
    y: int
    anchor: str
    source: str
    target: str
    count: int
    is_violation: bool


class Picture(msgspec.Struct, frozen=True):
    width: int
    height: int
    boxes: list[Box]
    arrows: list[Arrow]


def layer_picture(layers: Sequence[Layer], imports: Sequence[LayerImport]) -> Picture | None:
    """Layers from top to bottom; imports down on the left, those against the direction up on the right."""
    if not layers:
        return None
    boxes = {
        layer.name: Box(
            layer.name, len(layer.modules), _ROOM, _MARGIN + row * (_BOX_HEIGHT + _GAP), _BOX_WIDTH, _BOX_HEIGHT
        )
        for row, layer in enumerate(layers)
    }
    rows = {name: row for row, name in enumerate(boxes)}
    known = [each for each in imports if each.source in boxes and each.target in boxes and each.source != each.target]
    longest = max((abs(rows[each.target] - rows[each.source]) for each in known), default=1)
    bulge = min(_BULGE, (_ROOM - 3 * _MARGIN) // longest)
    arrows = [_arrow(each, boxes, rows[each.target] - rows[each.source], bulge) for each in known]
    height = len(boxes) * (_BOX_HEIGHT + _GAP) - _GAP + 2 * _MARGIN
    return Picture(_WIDTH, height, list(boxes.values()), arrows)


def _arrow(each: LayerImport, boxes: dict[str, Box], distance: int, bulge: int) -> Arrow:
    source, target = boxes[each.source], boxes[each.target]
    if distance == 1 and not each.violation:
        x, top, bottom = source.x + source.width // 2, source.y + source.height, target.y
        return _drawn(each, f"M{x} {top}V{bottom - 2}", x + _MARGIN, (top + bottom) // 2 + 4, "start")
    is_left = distance > 0 and not each.violation
    side = source.x if is_left else source.x + source.width
    out = (-1 if is_left else 1) * bulge * abs(distance)
    start, end = source.y + source.height // 2, target.y + target.height // 2
    path = f"M{side} {start}C{side + out} {start} {side + out} {end} {side + (-2 if is_left else 2)} {end}"
    x = side + round(out * _REACH) + (-4 if is_left else 4)
    return _drawn(each, path, x, (start + end) // 2 + 4, "end" if is_left else "start")


def _drawn(each: LayerImport, path: str, x: int, y: int, anchor: str) -> Arrow:
    return Arrow(path, x, y, anchor, each.source, each.target, each.count, each.violation)
