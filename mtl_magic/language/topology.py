"""Who draws from whom: the sources of blocks and tasks, their defaults, and what is wrong with them."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

from mtl_magic.language import spec
from mtl_magic.language.graph import circles
from mtl_magic.language.names import Names, did_you_mean, line_note, nearest, quoted_names, shown, wild
from mtl_magic.problems import Problem, listed
from mtl_magic.program import INPUTS, NONE, FeatureRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mtl_magic.language.parser import Broken

NEAR = 0.8  # a source so like a block's name is a slip, even where it could be a column


@dataclasses.dataclass(frozen=True)
class _Taker:
    """A `share` or `task` statement as one that draws from sources."""

    statement: Any
    title: str  # "task 'buy'", "block 'social'"
    sources: tuple[spec.Word, ...]


class Topology:
    """The blocks and features of a cell, and what each name after a `from` means."""

    def __init__(self, statements: Sequence[spec.Statement], broken: Sequence[Broken] = ()) -> None:
        self.broken = [b for b in broken if b.keyword in ("share", "task", "")]
        self.shares = [s for s in statements if isinstance(s, spec.Share)]
        self.tasks = [s for s in statements if isinstance(s, spec.Task)]
        self.unnamed = [s for s in self.shares if s.name is None]
        lost = [n for b in broken if b.keyword == "share" for n in b.names]
        self.lost_unnamed = "" in lost
        named = {s.name.text: s for s in reversed(self.shares) if s.name is not None}
        found: dict[str, spec.Share | None] = dict(reversed(named.items()))
        self.blocks = Names({**found, **dict.fromkeys(n for n in lost if n and n not in found)})
        self.features = [w for s in statements if isinstance(s, spec.Feature) for w in s.names]
        self.rules = [FeatureRule(w.text, w.literal, None) for w in self.features]
        self.exact: Names[None] = Names({w.text: None for w in self.features if not wild(w)})
        self.ignored: Names[None] = Names(
            {w.text: None for s in statements if isinstance(s, spec.Ignore) for w in s.names if not wild(w)}
        )
        lost_features = any(b.keyword in ("feature", "") for b in broken)
        self.closed = bool(self.features) and not lost_features  # only then are all features known without the data
        self.task_names: Names[None] = Names({w.text: None for s in self.tasks for w in s.names})
        self._slips: dict[str, str | None] = {}
        self.takers = [
            *(_Taker(s, block_title(s), s.sources) for s in self.shares),
            *(_Taker(s, quoted_names(s.names, "task"), s.sources) for s in self.tasks),
        ]

    # --- meaning of sources

    def may_be_feature(self, name: str) -> bool:
        """Whether a name is a feature, as far as the text tells."""
        return name in self.exact or any(r.matches(name) for r in self.rules) or not self.closed

    def block_of(self, word: spec.Word) -> str | None:
        """The block that a source names, in its declared spelling."""
        return None if wild(word) or word.text in (INPUTS, NONE) else self.blocks.find(word.text)

    def slip(self, word: spec.Word) -> str | None:
        """The block that was probably meant by a name that is none."""
        if word.text not in self._slips:
            certain = not self.may_be_feature(word.text)
            found = nearest(word.text, self.blocks, 0.6 if certain else NEAR)
            extends = found is not None and (word.text.startswith(found) or found.startswith(word.text))
            # 'users' beside a block 'user' may well be a column
            self._slips[word.text] = None if extends and not certain else found
        return self._slips[word.text]

    @functools.cached_property
    def last_blocks(self) -> list[str]:
        """The named blocks that no block draws from."""
        drawn = {self.block_of(w) or self.slip(w) for s in self.shares for w in s.sources}
        return [n for n in self.blocks if n not in drawn]

    def default(self) -> str | None:
        """The source of a task without `from`: a block, '' for the unnamed one, None where several could be meant."""
        if self.unnamed or self.lost_unnamed or not self.blocks:
            return ""
        last = self.last_blocks
        return last[0] if len(last) == 1 else None

    # --- problems

    def problems(self) -> Iterator[Problem]:
        yield from self.names()
        for taker in self.takers:
            yield from self.sources(taker)
        edges = {
            s.name.text: [b for w in s.sources if (b := self.block_of(w)) is not None]
            for s in self.shares
            if s.name is not None
        }
        found = circles(edges)
        for circle in found:
            share = self.blocks[circle[0]]
            chain = " from ".join(f"'{n}'" for n in (*circle, circle[0]))
            place = share.name.span if share and share.name else None
            yield Problem("MTL026", f"blocks draw from each other in a circle: {chain}", place, "leave one 'from' out")
        if not found:
            yield from self.unused()

    def names(self) -> Iterator[Problem]:
        seen: dict[str, spec.Share] = {}
        for share in self.shares:
            if share.name is None:
                if share is not self.unnamed[0]:
                    notes = line_note("the first is", self.unnamed[0].span)
                    hint = "name them, as in 'share trunk = mlp(units=[64])'"
                    yield Problem(
                        "MTL023", "a second block without a name: at most one has none", share.span, hint, notes
                    )
                continue
            name = share.name.text
            if name in (INPUTS, NONE):
                yield Problem(
                    "MTL025",
                    f"a block cannot be called '{name}': that is a source of its own",
                    share.name.span,
                    "choose another name",
                )
            elif name in seen:
                first = seen[name].name
                notes = line_note("first declared", first.span if first else None)
                yield Problem("MTL023", f"block '{shown(name)}' is declared twice", share.name.span, notes=notes)
            seen.setdefault(name, share)

    def sources(self, taker: _Taker) -> Iterator[Problem]:
        seen: set[str] = set()
        block = isinstance(taker.statement, spec.Share)
        for word in taker.sources:
            if word.text in seen:
                yield Problem(
                    "MTL044",
                    f"{taker.title} names the source '{shown(word.text)}' twice",
                    word.span,
                    "leave one of them out",
                )
                continue
            seen.add(word.text)
            if word.text == NONE and not word.literal:
                if block:
                    hint = "leave the 'from' out: then it draws from all features"
                    yield Problem(
                        "MTL034", f"{taker.title} comes from 'none', and would have nothing to work on", word.span, hint
                    )
                elif len(taker.sources) > 1:
                    hint = "leave 'none' out, or the other sources"
                    yield Problem(
                        "MTL034", f"{taker.title} shares nothing ('none') and yet names other sources", word.span, hint
                    )
            elif word.text != INPUTS and self.block_of(word) is None:
                yield from self.not_a_block(taker, word)
            elif word.text in self.exact and word.text != INPUTS:
                message = f"'{shown(word.text)}' is the name of a block and of a feature: {taker.title} could come from either"
                yield Problem("MTL032", message, word.span, "rename the block")

    def not_a_block(self, taker: _Taker, word: spec.Word) -> Iterator[Problem]:
        comes = f"{taker.title} come{'s' if len(getattr(taker.statement, 'names', ())) < 2 else ''} from '{shown(word.text)}'"
        blocks = list(self.blocks)
        if wild(word):
            pattern = FeatureRule(word.text, False, None)
            open_list = not self.closed or any(r.wildcard for r in self.rules)
            if not open_list and not any(pattern.matches(n) for n in self.exact):
                names = [w.text for w in self.features]
                yield Problem(
                    "MTL021",
                    f"{comes}, which matches no feature",
                    word.span,
                    notes=(f"features here: {listed(names)}",),
                )
            return
        if self.may_be_feature(word.text):
            meant = self.slip(word)
            if word.text in self.exact or (
                meant is None and word.text not in self.ignored and word.text not in self.task_names
            ):
                return  # a feature, or a column as far as the text tells
            if any(r.matches(word.text) for r in self.rules):
                return
        notes: tuple[str, ...] = (f"declared here: {listed(blocks)}",) if blocks else ()
        if self.closed:
            notes += (f"features here: {listed([w.text for w in self.features])}",)
        hint = did_you_mean(
            word.text, [*blocks, *([INPUTS, NONE] if taker.statement in self.tasks else [INPUTS]), *self.exact]
        )
        message = f"{comes}, which no share statement declares"
        if word.text in self.task_names and not hint:
            message = f"{comes}, which is a task and no block"
            hint = f"a task that depends on another says 'given {word.text}'"
        elif word.text in self.ignored:
            message = f"{comes}, which is ignored and so no feature"
        elif self.closed:
            message += " and no feature line names"
        yield Problem("MTL021", message, word.span, hint, notes)

    def unused(self) -> Iterator[Problem]:
        if self.broken:
            return  # what could not be read may be what draws from it
        used = {self.block_of(w) or self.slip(w) for t in self.takers for w in t.sources}
        for task in self.tasks:
            if not task.sources:
                default = self.default()
                if default is None:
                    last = self.last_blocks
                    if not last:
                        return  # each is drawn from by a slip
                    message = f"{quoted_names(task.names, 'task')} could come from several blocks: {listed(last)}"
                    yield Problem("MTL028", message, task.names[0].span, f"say which, as in 'from {last[0]}'")
                    used.update(last)
                else:
                    used.add(default)
        for share in self.shares:
            if (share.name.text if share.name else "") in used or not self.tasks:
                continue
            if share.name is None and share is not self.unnamed[0]:
                continue
            hint = (
                "every task says where else it comes from: leave a 'from' out, or the block"
                if share.name is None
                else f"write 'from {share.name.text}' in a task or share line, or leave it out"
            )
            place = share.name.span if share.name else share.span
            yield Problem("MTL027", f"nothing draws from {block_title(share)}", place, hint)


def block_title(share: spec.Share) -> str:
    """A block for a sentence."""
    if share.name is not None:
        return f"block '{shown(share.name.text)}'"
    return f"the unnamed block {share.block.name}" if isinstance(share.block, spec.Call) else "the unnamed block"
