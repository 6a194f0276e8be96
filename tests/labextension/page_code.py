"""Parts of the page's code run by Node, without a browser."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

FRONT = pathlib.Path(__file__).parents[2] / "labextension"


def answered(folder: pathlib.Path, source: str, script: str, asked: Any = None) -> Any:
    """What a script answers as JSON.

    Args:
        folder: for what is made.
        source: a module below labextension/src; the script imports it as './page.mjs'.
        script: it finds what is asked in `asked`, and calls `answer`.
    """
    esbuild = FRONT / "node_modules" / ".bin" / "esbuild"
    assert esbuild.exists(), "labextension/ has not been set up: run 'make setup'"
    path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path}
    bundle = [esbuild, FRONT / "src" / source, "--bundle", "--format=esm", f"--outfile={folder / 'page.mjs'}"]
    subprocess.run([*bundle, "--log-level=warning"], check=True, env=environment)
    begin = "import { readFileSync } from 'node:fs';\nconst asked = JSON.parse(readFileSync(0, 'utf8'));\n"
    end = "const answer = value => console.log(JSON.stringify(value));\n"
    (folder / "script.mjs").write_text(begin + end + script)
    command = ["node", folder / "script.mjs"]
    done = subprocess.run(
        command, check=False, input=json.dumps(asked), capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
