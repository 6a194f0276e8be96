"""A cell rewritten canonically, with its comments where they were: what `%mtl format` does.

Statements are written as `str(spec)` writes them, in their order, at the margin; single blank lines stay, a comment
stays behind or above what it is said of. Where a comment stands inside brackets, or a line would be longer than
`WIDTH`, the brackets are written one item a line.
"""

from __future__ import annotations

import bisect
import dataclasses
from typing import TYPE_CHECKING

from mtl_magic.language import examine, spec
from mtl_magic.language.format import Writer, statement
from mtl_magic.language.regions import COMMENT, regions
from mtl_magic.language.scan import Piece, normalised, split
from mtl_magic.problems import MtlError, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtl_magic.registry import Registry

WIDTH = 100
INDENT = "    "
SHORT = 20  # brackets up to this length stay closed in a long statement


@dataclasses.dataclass(frozen=True)
class Comment:
    """A comment and where it begins, as (line, column)."""

    text: str
    place: tuple[int, int]


def tidy(text: str, registry: Registry, header: str = "") -> str:
    r"""The canonical text of a cell's body, with its comments.

    Args:
        text: the statements.
        registry: the words.
        header: the cell's `%%mtl` line, if it has one: for the places of mistakes.

    Raises:
        MtlError: the text has mistakes; it is not rewritten then.

    Example:
        >>> from mtl_magic.vocabulary import vocabulary
        >>> print(tidy("# heads\n  task   click:binary( y )   # by the log\n\n\n  ignore  buy,like", vocabulary()))
        # heads
        task click: binary(label=y)  # by the log
        <BLANKLINE>
        ignore buy, like
    """
    whole, problems = examine(text, registry, header=header)
    if problems:
        raise MtlError(problems, whole.text)
    text = normalised(text)
    read, _ = examine(text, registry)
    made = "\n".join(_lines(text, split(text), read.statements))
    again, problems = examine(made, registry)
    assert not problems, "a rewritten cell has no mistakes"
    assert again == read, "a rewritten cell means the same"
    return made


def _lines(text: str, pieces: Sequence[Piece], statements: Sequence[spec.Statement]) -> list[str]:
    comments = _comments(text)
    count = text.count("\n") + 1
    lines: list[str] = []
    done = 0  # the last line of the text that has been written
    for piece, node in zip(pieces, statements, strict=True):
        _, newline, tail = piece.text.rpartition("\n")
        last = piece.line + piece.text.count("\n")
        end = (last, len(tail) + (1 if newline else piece.column))
        lines += _between(comments, done + 1, piece.line - 1)
        writer = _Opening([c for c in comments if (piece.line, piece.column) < c.place < end])
        written = writer.statement(node)
        lines += [c.text for c in writer.comments]  # those that stood where no item ends
        behind = next((c.text for c in comments if c.place[0] == last and c.place >= end), "")
        lines += f"{written}  {behind}".rstrip().split("\n") if behind else written.split("\n")
        done = last
    lines += _between(comments, done + 1, count)
    while lines and not lines[0]:
        del lines[0]
    while lines and not lines[-1]:
        del lines[-1]
    return lines


def _comments(text: str) -> list[Comment]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    found = []
    for region in regions(text):
        if region.sort == COMMENT:
            line_number = bisect.bisect_right(starts, region.start)
            place = (line_number, region.start - starts[line_number - 1] + 1)
            found.append(Comment(text[region.start : region.end].rstrip(), place))
    return found


def _between(comments: Sequence[Comment], first: int, last: int) -> list[str]:
    """Lines without a statement: their comments, and one blank line for one or several."""
    said = {c.place[0]: c.text for c in comments}
    lines: list[str] = []
    for number in range(first, last + 1):
        if number in said or not lines or lines[-1]:
            lines.append(said.get(number, ""))
    return lines


class _Opening(Writer):
    """Writes a statement, with brackets opened where comments stand in them or the line is too long.

    `comments` are those within the statement; in the end those that found no place.
    """

    def __init__(self, comments: Sequence[Comment]) -> None:
        self.comments = list(comments)
        self.depth = 0
        self.long = False

    def statement(self, node: spec.Statement) -> str:
        self.long = _width(statement(node)) > WIDTH
        return super().statement(node)

    def bracketed(self, left: str, node: spec.Node, items: Sequence[spec.Arg | spec.Value], right: str) -> str:
        flat = Writer().bracketed(left, node, items, right)
        commented = node.span is not None and any(_holds(node.span, c) for c in self.comments)
        if not items or not (commented or self.opens(flat)):
            return flat
        self.depth += 1
        pad = INDENT * self.depth
        lines = []
        for number, item in enumerate(items):
            text = self.item(item)  # takes the comments within it
            assert item.span is not None
            start, end = (item.span.end_line, item.span.end_column), (item.span.end_line + 1, 0)
            lines += [pad + c for c in self.take(node.span, start)]
            following = items[number + 1].span if number + 1 < len(items) else None
            if following is not None:
                end = min(end, (following.line, following.column))
            behind = self.take(node.span, end)
            lines.append(f"{pad}{text},{''.join('  ' + c for c in behind)}")
        assert node.span is not None
        lines += [pad + c for c in self.take(node.span, (node.span.end_line, node.span.end_column))]
        self.depth -= 1
        return "\n".join([left, *lines, INDENT * self.depth + right])

    def opens(self, flat: str) -> bool:
        """Whether brackets without comments are opened."""
        if not self.long:
            return False
        width = _width(flat)
        return width > SHORT if self.depth == 0 else width + len(INDENT) * self.depth > WIDTH - SHORT

    def take(self, span: Span | None, before: tuple[int, int]) -> list[str]:
        """The comments in `span` that begin before a place; they are written now."""
        taken = [c for c in self.comments if c.place < before and span is not None and _holds(span, c)]
        self.comments = [c for c in self.comments if c not in taken]
        return [c.text for c in taken]


def _holds(span: Span, comment: Comment) -> bool:
    return (span.line, span.column) < comment.place < (span.end_line, span.end_column)


def _width(text: str) -> int:
    return max(map(len, text.split("\n")))
