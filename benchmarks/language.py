"""How fast a cell of 300 dense lines is checked and completed, as an editor does at each keystroke.

    python benchmarks/language.py

An edit is one character more, or less, in a line drawn at random; then the whole cell is checked (`examine`) and
completed at the cursor. Another edit puts a line at the top, so that every line below has a new place.
"""

from __future__ import annotations

import random
import statistics
import time

from mtl_magic.language import examine
from mtl_magic.language.complete import complete
from mtl_magic.vocabulary import vocabulary

LINES = 300
EDITS = 200


def cell(lines: int = LINES) -> list[str]:
    """A valid cell of many tasks, features and blocks, with options, clauses and comments."""
    blocks = lines // 20
    made = [f"share block{i} = mmoe(experts={4 + i % 8}, units=[{64 + i}, 64], dropout=0.1)" for i in range(blocks)]
    parent = ""
    for i in range(lines - blocks - 1):
        if i % 2:
            made.append(f"feature column_{i}, other_{i}: category(dim={8 + i % 16}, min_count=2)  # of the log")
            continue
        source = f"from block{i // 2 % blocks}"
        if i % 4:
            kind = "regression(loss=huber(delta=0.5), tower=[64, 32], metrics=[rmse, mae])"
            made.append(f"task    head_{i}: {kind} {source} weight 0.5")
        else:
            kind = "binary(loss=focal(gamma=2), tower=[64, 32], metrics=[auc])"
            made.append(f"task    head_{i}: {kind} {source}{parent}")
            parent = f" given head_{i} via esmm"
    return [*made, "train   epochs=5 batch=4096 lr=1e-3 early_stop=head_0.auc"]


def keystrokes(lines: list[str], edits: int, seed: int = 0) -> tuple[list[float], list[float]]:
    """Seconds of edits in a line, and of a line put at the top; each is checked and completed."""
    registry, draw = vocabulary(), random.Random(seed)
    inside, above = [], []

    def timed(text: str, offset: int) -> float:
        began = time.perf_counter()
        examine(text, registry, header="%%mtl feed --data log")
        complete(text, offset, registry, columns)
        return time.perf_counter() - began

    columns = {f"column_{i}": "int64" for i in range(len(lines))}
    timed("\n".join(lines), 0)
    for _ in range(edits):
        number = draw.randrange(len(lines))
        line = lines[number]
        cut = draw.randrange(line.index(" ") + 1, len(line))
        changed = line[:cut] + (draw.choice("abc1 ,=([") if draw.random() < 0.5 else "") + line[cut + 1 :]
        text = "\n".join([*lines[:number], changed, *lines[number + 1 :]])
        offset = sum(len(x) + 1 for x in lines[:number]) + cut + 1
        inside.append(timed(text, min(offset, len(text))))
    shifted = list(lines)
    for i in range(min(edits, 50)):
        shifted.insert(0, f"ignore new_{i}")
        above.append(timed("\n".join(shifted), 10))
    return inside, above


def main() -> None:
    lines = cell()
    text = "\n".join(lines)
    began = time.perf_counter()
    _, problems = examine(text, vocabulary(), header="%%mtl feed --data log")
    first = time.perf_counter() - began
    assert not problems, problems[0]
    inside, above = keystrokes(lines, EDITS)
    print(f"{len(lines)} lines, {len(text):,} characters")
    print(f"first parse                {1e3 * first:7.1f} ms")
    for name, found in (("edit of a line", inside), ("line put at the top", above)):
        found.sort()
        print(
            f"{name:<22} median {1e3 * statistics.median(found):5.1f} ms, "
            f"95th percentile {1e3 * found[int(0.95 * len(found))]:5.1f} ms, worst {1e3 * found[-1]:5.1f} ms"
        )


if __name__ == "__main__":
    main()
