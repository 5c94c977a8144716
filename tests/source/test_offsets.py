from __future__ import annotations

from bisect import bisect_right
from pathlib import Path

import libcst as cst
import pytest
from libcst.metadata import MetadataWrapper, PositionProvider

import backend_lint
from backend_lint.source.offsets import Offsets
from backend_lint.source.text import line_starts

AWKWARD = '''\
# first
import a, b ;  x = 1


@decorated  ( 1 )
class C ( Base , metaclass = M ) :  # why

    """Doc."""

    async  def  f ( self , * , a : int = ( 1 ) ) -> "X" :
        return  ( yield ( a ) ) ;  pass
\tif x : pass
if (  a  and  ( b ) ) :
    with ( open ( "x" ) as f , g ) :
        y = f"{ a !r:>{ width }} {{}}" "b" % ( 1 , )
elif not  x : z = [ * a , ** b ] if False else { ** c }
else :
    try :
        match x :
            case { "a" : [ 1 , * _ ] , ** rest } if  y : del  x
    finally :
        lambda  a , * b : ( c := 1 )
'''.replace("\tif", "        if").replace(", ** b ]", ", b ]")


@pytest.mark.parametrize("ending", ["\n", "\r\n", ""], ids=["lf", "crlf", "no line break at the end"])
def test_offsets_are_the_positions_that_libcst_computes(ending: str) -> None:
    text = AWKWARD.rstrip("\n") + ending if ending == "" else AWKWARD.replace("\n", ending)
    assert differences(text) == []


@pytest.mark.parametrize(
    "path", sorted(Path(backend_lint.__file__).parent.glob("facts/*.py")), ids=lambda path: path.name
)
def test_offsets_of_real_files_are_the_positions_that_libcst_computes(path: Path) -> None:
    assert differences(path.read_text("utf-8")) == []


def differences(text: str) -> list[str]:
    module = cst.parse_module(text)
    offsets, starts = Offsets(module), line_starts(text)
    positions = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)

    def line_column(offset: int) -> tuple[int, int]:
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1]

    assert offsets.offset == len(text)
    found = []
    for node, position in positions.items():
        if isinstance(node, (cst.Newline, cst.TrailingWhitespace, cst.Module)):
            continue  # without a last line break, LibCST places one there that the text does not have
        start, end = map(line_column, offsets.spans[id(node)])
        if start != (position.start.line, position.start.column) or end != (position.end.line, position.end.column):
            found.append(f"{type(node).__name__} {start} {end} {position}")
    return found
