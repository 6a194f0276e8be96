"""`%%mtl` and `%mtl`, and their registration in a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, needs_local_scope, no_var_expand

from mtl_magic.problems import MtlError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


@magics_class
class MtlMagics(Magics):
    """The language in a notebook."""

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    def mtl(self, line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None) -> Any:
        """Declare, train and keep a multi-task model.

            %%mtl [NAME] [--data EXPR]… [--valid EXPR] [--test EXPR] [--explain] [--format] [--background] [--quiet] [--resume]
            ignore  buy
            share   mmoe(experts=8)
            task    click: binary
            task    like:  binary

        NAME is the variable that will hold the finished run; without it the run is the cell's value, and `_mtl`.
        EXPR is Python: a table, or a quoted path of Parquet or CSV files; what would not fit in memory is read piece by
        piece, always with --stream, never with --no-stream. --explain says what would happen and trains nothing,
        --format rewrites the cell, --quiet shows nothing. --background trains in a thread and returns the cell at once. The run is kept in the folder mtl_runs, or that of --store, with a
        checkpoint at least every 30 seconds, or as --checkpoint says; --resume goes on with one that was stopped or died.
        --mlflow logs it to MLflow, too.
        The smallest cell is one `task` line. Tab completes statements, words, options, columns and flags.

            %mtl help           the words of the language
            %mtl help mmoe      one of them: options, defaults, formula, paper, example
            %mtl help MTL021    the code of an error
            %mtl format         the last %%mtl cell, rewritten
            %mtl runs           what has been trained here, by name, tag or status
            %mtl resume feed    goes on with a run or a search that was stopped or died
            %mtl wait feed      waits for a training in the background; %mtl stop feed ends it
            %mtl set like=2     steers it; %mtl pause feed pauses it
            %mtl clean          what takes room and can be freed
            %mtl code feed      the run's model as plain Keras, in the next cell
            %mtl compare a b    two runs side by side, and whether they differ
            %mtl baseline feed  each task alone, and whether sharing helps
            %mtl seeds feed 5   mean and deviation over seeds; %mtl front feed two tasks' trade-offs
            %mtl advise feed    which tasks teach each other, and a cell that follows
        """
        from mtl_magic.magic.cell import run_cell
        from mtl_magic.magic.errors import explain
        from mtl_magic.magic.line import line_command

        try:
            assert self.shell is not None
            if cell is None:
                return line_command(self.shell, line)
            return run_cell(self.shell, line, cell, {**self.shell.user_ns, **(local_ns or {})})
        except MtlError:
            raise
        except Exception as error:
            explain(error)
            raise


def keep_body(lines: list[str]) -> list[str]:
    """An input transformer: a `%%mtl` line with nothing below it gets an empty line.

    IPython answers an empty cell itself, with a UsageError that test tools and CI take for success.
    """
    if len(lines) == 1 and lines[0].split(maxsplit=1)[:1] == ["%%mtl"]:
        return [lines[0].rstrip("\n") + "\n", "\n"]
    return lines


def register(shell: InteractiveShell) -> None:
    """Make the magics known to this shell, and completion in its cells."""
    from mtl_magic.magic import checking, panel
    from mtl_magic.magic.matcher import matcher_for

    unregister(shell)  # what an earlier version of this package left there, after a reload
    shell.register_magics(MtlMagics(shell))
    shell.input_transformers_cleanup.append(keep_body)
    matcher = matcher_for(shell)
    if matcher is not None:
        shell.Completer.custom_matchers.append(matcher)
    checking.register(shell)
    panel.register(shell)


def unregister(shell: InteractiveShell) -> None:
    """Undo `register`."""
    from mtl_magic.magic import checking, panel

    checking.unregister(shell)
    panel.unregister(shell)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("mtl", None)
    shell.magics_manager.registry.pop(MtlMagics.__name__, None)
    for kept in (shell.input_transformers_cleanup, getattr(shell.Completer, "custom_matchers", [])):
        kept[:] = [thing for thing in kept if not getattr(thing, "__module__", "").startswith("mtl_magic.")]
