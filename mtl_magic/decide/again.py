"""The rows of a run that was trained before: encoded again, and known to be those of then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mtl_magic.problems import MtlError, Problem
from mtl_magic.runs.judged import remember

if TYPE_CHECKING:
    from mtl_magic.data.schema import Prepared
    from mtl_magic.runs.run import Run


def prepared(
    run: Run,
    data: Any,
    valid: Any = None,
    test: Any = None,
    *,
    namespace: Mapping[str, Any] | None = None,
    stream: bool | None = None,
) -> Prepared:
    """The parts on which a run was trained and judged, and their schema.

    Args:
        run: whose text says how rows are divided and encoded.
        data, valid, test: the tables that its training was given.
        namespace: where `{…}` of the cell is evaluated again.
        stream: how they are read, as in `fit`.

    Raises:
        MtlError: MTL483 other rows than the run's come of it.
    """
    from mtl_magic.runs import fitting

    program = fitting.compile_program(run.text, namespace)
    made = fitting.prepare(program, data, valid, test, stream=stream)
    parts = {name: part for name in ("valid", "test") if (part := getattr(made, name)) is not None}
    hashes = {name: fitting.fingerprint([part]) for name, part in parts.items()}
    if fitting.fingerprint(made.train) != run.facts.get("data") or hashes != (run.facts.get("data_of") or {}):
        made.close()
        message = f"these are not the rows on which '{run.name}' was trained and judged"
        hint = "give the tables of its cell as they were then, or train it again on these"
        raise MtlError(Problem("MTL483", message, hint=hint))
    remember(parts, hashes)
    return made


def judging(run: Run, rows: Prepared, order: tuple[str, str] = ("test", "valid")) -> str:
    """The part on which trainings of these rows are judged, the first of `order` that there is: before anything is trained.

    Raises:
        MtlError: MTL480 there is neither.
    """
    found = next((part for part in order if getattr(rows, part) is not None), None)
    if found is None:
        names = {"valid": "validation", "test": "test"}
        message = f"the run '{run.name}' has no {names[order[0]]} or {names[order[1]]} part"
        raise MtlError(Problem("MTL480", message, hint=f"give it a part that judges: split {order[0]}=0.1"))
    return found
