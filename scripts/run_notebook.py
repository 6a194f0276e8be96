"""Run a notebook from top to bottom, write it with its outputs elsewhere, and print the metrics of the runs it made.

Usage: python scripts/run_notebook.py notebooks/quickstart.ipynb build/quickstart.ipynb
"""

from __future__ import annotations

import argparse
import pathlib
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

SUMMARY = """
from mtl_magic.runs import Run as _Run
for _name, _value in list(globals().items()):
    if isinstance(_value, _Run) and not _name.startswith("_"):
        print(_value, end="\\n\\n")
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="Run a notebook and print the metrics of the runs it made.")
    parser.add_argument("notebook", type=pathlib.Path)
    parser.add_argument("executed", type=pathlib.Path)
    arguments = parser.parse_args()

    notebook = nbformat.read(arguments.notebook, as_version=4)
    cells = len(notebook.cells)
    summary = nbformat.v4.new_code_cell(SUMMARY)
    notebook.cells.append(summary)  # taken out again below: it belongs to this script, not to the notebook
    client = NotebookClient(
        notebook,
        timeout=1800,
        kernel_name="python3",
        resources={"metadata": {"path": str(arguments.notebook.parent)}},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],  # its advice on transports is not for this reader
        store_widget_state=False,  # progress bars are of no use to a reader
    )
    print(f"running {arguments.notebook} ...", flush=True)
    try:
        client.execute()
    except CellExecutionError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        del notebook.cells[cells:]
        arguments.executed.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, arguments.executed)
    print("".join(output.get("text", "") for output in summary.outputs), end="")
    print(f"the executed notebook: {arguments.executed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
