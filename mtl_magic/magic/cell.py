"""What a `%%mtl` cell does, from its text to the run that a variable holds."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any

from mtl_magic.language.names import did_you_mean
from mtl_magic.magic.background import Training, check_free
from mtl_magic.magic.flags import MAGIC, Expression, Flags, code_of, parse_flags
from mtl_magic.magic.given import given
from mtl_magic.magic.keeping import Again, again, check_unasked, keep_of
from mtl_magic.magic.rewrite import rewrite
from mtl_magic.magic.tables import tables, told
from mtl_magic.magic.tuning import Tuning, plan_of, searches, spaces
from mtl_magic.magic.warned import Warned
from mtl_magic.magic.work import UNNAMED, Work
from mtl_magic.problems import MtlError, Problem, Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from IPython.core.interactiveshell import InteractiveShell

    from mtl_magic.data.schema import Prepared
    from mtl_magic.explanation.explain import Explanation
    from mtl_magic.program import Program
    from mtl_magic.runs.run import Run


def run_cell(
    shell: InteractiveShell, line: str, cell: str, namespace: Mapping[str, Any], run_id: str | None = None
) -> Run | Explanation | None:
    """Run a cell. Whatever goes wrong, the person's variables stay as they were.

    Args:
        shell: whose variables it reads, and gets the run.
        line, cell: what stands behind `%%mtl`, and below.
        namespace: variables.
        run_id: with `--resume`, which run or search goes on; None: the newest of the cell's name.
    """
    from mtl_magic.runs.fitting import explain

    header = (MAGIC + line).rstrip()
    try:
        flags = parse_flags(line)
        if flags.format:
            rewrite(shell, line, cell, flags)
            return None
        going_on = _going_on(flags, cell, run_id)
        if going_on is not None:
            if not flags.data:
                line = f"{code_of(line).rstrip()} {going_on.flags}"
                flags, header = parse_flags(line), (MAGIC + line).rstrip()
                check_unasked(going_on, flags=flags)
            if run_id or not cell.strip():
                check_unasked(going_on, text=going_on.text)
            cell = cell if cell.strip() else going_on.text
        program = _check(flags, header, cell, namespace, going_on)
        plan = plan_of(flags, header, cell, program, namespace) if program.tune is not None else None
        program = plan.first if plan is not None else program
        if not flags.explain:
            check_free()
        with contextlib.ExitStack() as opened:
            prepared = opened.enter_context(contextlib.closing(_prepare(shell, flags, program, namespace)))
            if flags.explain:
                if plan is not None:
                    _display(spaces(plan))
                return explain(program, prepared)
            if not flags.quiet:
                _introduce(prepared)
            if prepared.warnings and not flags.quiet:
                _display(Warned(prepared.warnings, f"{header}\n{cell}"))
            work = Work(shell, flags, program, prepared, keep_of(flags, going_on), f"{header}\n{cell}")
            work = work if plan is None else Tuning.of(work, plan, namespace)
            if flags.background:
                work.begin(opened.pop_all())
                return None
            run = work.train()
    except MtlError as error:
        whole = MtlError(error.problems, f"{header}\n{cell}")
        raise whole.with_traceback(error.__traceback__) from error.__cause__  # `%tb` shows where it was found
    work.keep(run)
    if plan is not None and not flags.quiet:
        _display(run.search)
    if not flags.name:
        return run
    if not flags.quiet:
        _display(run)
    return None


def _going_on(flags: Flags, cell: str, run_id: str | None) -> Again | None:
    """What `--resume` goes on with; an empty cell takes the text of then, and is a search where that is one."""
    if not flags.resume or flags.problems:
        return None
    return again(flags, run_id, searches=searches(cell) if cell.strip() else None)


def _check(
    flags: Flags, header: str, cell: str, namespace: Mapping[str, Any], going_on: Again | None = None
) -> Program:
    """Everything that can be wrong before the data is looked at, found at once."""
    from mtl_magic.runs.fitting import compile_program, parse
    from mtl_magic.runs.run import Run
    from mtl_magic.runs.tracking import not_installed
    from mtl_magic.train.changes import between

    problems = list(flags.problems)
    name = flags.name or UNNAMED
    if name in namespace and not isinstance(namespace[name], (Run, Training)):
        kind = type(namespace[name]).__name__
        message = f"'{name}' already holds something else ({kind}), and a run never replaces it"
        if flags.name:
            hint = f"choose another name; if you meant the data: --data {name}"
        else:
            message = f"a run without a name is kept as '{name}', too, and {message}"
            hint = f"give the run a name: {MAGIC}feed"
        problems.append(Problem("MTL404", message, flags.name_span or Span(1, 1, 1, len(MAGIC)), hint))
    if not flags.data and not any(p.code == "MTL402" for p in problems):
        problems.append(_no_data(namespace))
    if flags.mlflow and (missing := not_installed(flags.places["mlflow"])):
        problems.append(missing)
    unknown = [e for e in flags.expressions if e.text.isidentifier() and e.text not in namespace]
    problems += [_unknown_name(e, namespace) for e in unknown]
    program = None
    try:
        spec = parse(cell, header)
        program = compile_program(spec, namespace)
        if going_on is not None and not going_on.searches:
            between(going_on.text, spec)
    except MtlError as error:
        problems += error.problems
    if problems or program is None:
        raise MtlError(problems)
    return program


def _no_data(namespace: Mapping[str, Any]) -> Problem:
    found = tables(namespace)
    span = Span(1, 1, 1, len(MAGIC))
    if found:
        first = next(iter(found))
        return Problem(
            "MTL400", "there is no --data", span, f"tables in this notebook: {told(found)}. For example: --data {first}"
        )
    hint = "this notebook has no table yet; --data takes a DataFrame, a dict of arrays, or a quoted path of Parquet or CSV files"
    return Problem("MTL400", "there is no --data", span, hint)


def _unknown_name(expression: Expression, namespace: Mapping[str, Any]) -> Problem:
    found = tables(namespace)
    hint = did_you_mean(expression.text, found) or (f"tables in this notebook: {told(found)}" if found else "")
    return Problem("MTL405", f"there is no variable '{expression.text}'", expression.span, hint)


def _prepare(shell: InteractiveShell, flags: Flags, program: Program, namespace: Mapping[str, Any]) -> Prepared:
    from mtl_magic.runs.fitting import prepare

    tables = given(flags, namespace)
    flagged = {f"--{word}": e[0].span for word in ("valid", "test") if (e := flags.tables(word))}
    program = dataclasses.replace(program, places={**program.places, **flagged})
    try:
        if flags.quiet:
            return prepare(program, tables.data, tables.valid, tables.test, stream=flags.stream)
        with contextlib.closing(_preparing(shell)) as shown:
            return prepare(program, tables.data, tables.valid, tables.test, stream=flags.stream, listeners=[shown])
    except MtlError as error:
        raise MtlError(map(tables.placed, error.problems), error.text).with_traceback(
            error.__traceback__
        ) from error.__cause__


def _preparing(shell: InteractiveShell) -> Any:
    from mtl_magic.magic.preparing import NotebookPreparing, TerminalPreparing

    return TerminalPreparing() if getattr(shell, "kernel", None) is None else NotebookPreparing()


def _introduce(prepared: Prepared) -> None:
    from mtl_magic.runs.features import Overview

    for note in prepared.notes:
        print(note)  # noqa: T201  a sentence for the person
    _display(Overview(prepared.schema))


def _display(thing: Any) -> None:
    from IPython.display import display

    display(thing)
