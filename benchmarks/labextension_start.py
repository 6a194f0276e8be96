"""How long JupyterLab takes to be ready with the extension and without it: python benchmarks/labextension_start.py [TIMES]

One server, one browser; each opening is one of a person who was never there (an empty cache), the two in turn, which of
them first by turns too. Without the extension its entry is taken out of the page's list of extensions, so nothing of it is
asked for. Ready is when `app.restored` is kept: every plugin that starts by itself has, and the layout stands. The clock is
the page's own, from the start of the navigation.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import secrets
import subprocess
import sys
import tempfile

import numpy as np
from common import interval

ROOT = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from browser import launched  # noqa: E402
from lab import address  # noqa: E402

NAME = "mtl-magic"
CONFIG = re.compile(r'(<script[^>]*id="jupyter-config-data"[^>]*>)(.*?)(</script>)', re.DOTALL)
CLOCK = """
let app;
Object.defineProperty(window, 'jupyterapp', {
  configurable: true,
  get: () => app,
  set: made => { app = made; void made.restored.then(() => { window.readyAfter = performance.now(); }); }
});
"""


def opened(browser, place: str, token: str, *, without: bool) -> float:
    """Seconds until a JupyterLab is ready."""
    context = browser.new_context()
    try:
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.add_init_script(CLOCK)

        def page_of(route) -> None:
            answer = route.fetch()
            route.fulfill(
                response=answer, body=CONFIG.sub(lambda m: m[1] + listed(m[2], without) + m[3], answer.text())
            )

        page.route("**/lab?*", page_of)
        page.goto(f"{place}/lab?token={token}&reset")
        page.wait_for_function("() => window.readyAfter")
        there = page.evaluate("() => window.jupyterapp.hasPlugin('mtl-magic:commands')")
        assert there is not without, "the list of extensions was not read as this script does"
        return page.evaluate("() => window.readyAfter") / 1000
    finally:
        context.close()


def listed(config: str, without: bool) -> str:
    """The page's configuration, with our entry or not."""
    data = json.loads(config)
    data["federated_extensions"] = [e for e in data["federated_extensions"] if not (without and e["name"] == NAME)]
    return json.dumps(data).replace("<", "\\u003c")


def measured(times: int) -> np.ndarray:
    """Seconds, [times, 2]: without, with."""
    with tempfile.TemporaryDirectory() as home:
        token, log = secrets.token_hex(8), pathlib.Path(home, "log")
        kept = ("CONFIG", "DATA", "RUNTIME")
        environment = {**os.environ, **{f"JUPYTER_{k}_DIR": str(pathlib.Path(home, k)) for k in kept}}
        environment |= {f"JUPYTERLAB_{k}_DIR": str(pathlib.Path(home, k)) for k in ("SETTINGS", "WORKSPACES")}
        command = [
            sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--expose-app-in-browser", "--port=0",
            f"--ServerApp.root_dir={home}", f"--IdentityProvider.token={token}", "--ServerApp.ip=127.0.0.1",
        ]  # fmt: skip
        with log.open("w") as out:
            process = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT, cwd=home)
            try:
                place = address(process, log)
                with launched() as browser:
                    for without in (True, False):  # the server reads its files for the first time
                        opened(browser, place, token, without=without)
                    found = np.zeros((times, 2))
                    for turn in range(times):
                        for arm in (0, 1) if turn % 2 else (1, 0):
                            found[turn, arm] = opened(browser, place, token, without=arm == 0)
                        print(f"  {turn + 1}: {found[turn, 0]:.2f} s without, {found[turn, 1]:.2f} s with", flush=True)
            finally:
                process.terminate()
                process.wait(30)
    return found


def main(times: int) -> None:
    found = measured(times)
    for name, seconds in (("without", found[:, 0]), ("with", found[:, 1]), ("difference", found[:, 1] - found[:, 0])):
        median, low, high = interval(seconds)
        print(f"{name:<11} {median:6.2f} s  [{low:.2f}, {high:.2f}]")
    medians = np.median(found, axis=0)
    print(f"difference of the medians {medians[1] - medians[0]:.2f} s; wanted: below 0.30 s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
