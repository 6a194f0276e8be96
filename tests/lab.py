"""One JupyterLab and one page for all tests that need them: a start takes longer than what is looked at.

The fixtures are known to all tests through `conftest.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import secrets
import subprocess
import sys
import time

import pytest

BUILT = pathlib.Path(__file__).parents[1] / "mtl_magic" / "labextension"
QUIET = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/completer-extension:manager": {"showDocumentationPanel": True},
    "@jupyterlab/codemirror-extension:plugin": {"defaultConfig": {"autoClosingBrackets": False}},
}


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The address of a JupyterLab of its own, and the folder that it shows."""
    assert (BUILT / "static" / "style.js").is_file(), "the extension has not been built: run 'make setup'"
    home = tmp_path_factory.mktemp("lab")
    work = home / "work"
    work.mkdir()
    settings = home / "settings"
    for plugin, values in QUIET.items():
        package, _, name = plugin.partition(":")
        path = settings / package / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    token = secrets.token_hex(8)
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    command = [
        sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--expose-app-in-browser", "--port=0",
        f"--ServerApp.root_dir={work}", f"--IdentityProvider.token={token}", "--ServerApp.ip=127.0.0.1",
    ]  # fmt: skip
    log = home / "log"
    with log.open("w") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT, cwd=work)
        try:
            yield address(process, log), token, work
        finally:
            process.terminate()
            process.wait(30)


def address(process, log, path="lab"):
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        found = re.search(rf"http://127\.0\.0\.1:(\d+)/{path}", log.read_text())
        if found:
            return f"http://127.0.0.1:{found.group(1)}"
        time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


class Lab:
    """What a person does with JupyterLab."""

    def __init__(self, page, work):
        self.page, self.work, self.count = page, work, 0

    def command(self, name, **arguments):
        """Runs a command, and waits for what it gives where it is plain."""
        self.page.evaluate(
            "([name, args]) => window.jupyterapp.commands.execute(name, args).then(() => null)", [name, arguments]
        )

    def notebook(self, *sources, markdown=(), kernel=True):
        """Opens a new notebook with these cells; `kernel`: and waits until its kernel is idle."""
        import nbformat

        self.count += 1
        name = f"test{self.count}.ipynb"
        made = nbformat.v4.new_notebook()
        made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        made.cells = [
            nbformat.v4.new_markdown_cell(s) if i in markdown else nbformat.v4.new_code_cell(s)
            for i, s in enumerate(sources)
        ]
        nbformat.write(made, self.work / name)
        self.command("docmanager:open", path=name, factory="Notebook")
        self.page.wait_for_selector(f"{FRONT} .jp-Cell >> nth={len(sources) - 1}")
        if kernel:
            self.page.wait_for_function(IDLE)
        return name

    def show(self, name, *, kernel=True):
        """Brings a notebook to the front, opening it where it is closed; without `kernel` it starts none."""
        preference = {} if kernel else {"kernelPreference": {"shouldStart": False, "canStart": False}}
        self.command("docmanager:open", path=name, factory="Notebook", **preference)
        self.page.wait_for_selector(f"{FRONT} .jp-Cell")

    def shut(self):
        """Closes the notebook in front and ends its kernel, without a question."""
        self.page.evaluate(
            "async () => { const w = window.jupyterapp.shell.currentWidget;"
            " await w.sessionContext.shutdown(); w.dispose(); }"
        )

    def save(self):
        """Writes the notebook in front; its path."""
        self.command("docmanager:save")
        return self.work / self.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.path")

    def theme(self, name):
        """'Light' or 'Dark'."""
        self.command("apputils:change-theme", theme=f"JupyterLab {name}")
        self.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=f"JupyterLab {name}")

    def reload(self):
        """As a person presses F5; what is not saved is lost without a question."""
        self.page.once("dialog", lambda dialog: dialog.accept())
        self.page.reload()
        self._restored()

    def _restored(self):
        self.page.wait_for_function("() => window.jupyterapp")
        self.page.evaluate("() => window.jupyterapp.restored.then(() => null)")

    def close(self):
        self.page.evaluate(
            "async () => { const s = window.jupyterapp.shell; for (const w of [...s.widgets('main')]) {"
            " if (w.context) { await w.sessionContext?.shutdown().catch(() => 0); } w.dispose(); } }"
        )

    def cell(self, index):
        return self.page.locator(f"{FRONT} .jp-Cell").nth(index)

    def edit(self, index, *, at_end=True):
        """Puts the cursor into a cell."""
        self.cell(index).locator(".cm-content").click()
        if at_end:
            self.page.keyboard.press("Control+End")

    def text(self, index):
        return self.page.evaluate(f"i => {NOTEBOOK}.widgets[i].model.sharedModel.getSource()", index)

    def mime(self, index):
        return self.page.evaluate(f"i => {NOTEBOOK}.widgets[i].model.mimeType", index)

    def run(self, index, *, wait=True):
        self.page.evaluate(f"i => {{ {NOTEBOOK}.activeCellIndex = i }}", index)
        self.command("notebook:run-cell") if wait else self.page.evaluate(
            "() => { window.jupyterapp.commands.execute('notebook:run-cell'); }"
        )

    def runs(self, index):
        """Whether a cell runs or waits to: the kernel says 'idle' after each message of a widget."""
        return "*" in self.cell(index).locator(".jp-InputPrompt").inner_text()

    def ended(self, index):
        """Waits until a cell has."""
        self.page.wait_for_function(
            "([front, i]) => !document.querySelectorAll(`${front} .jp-Cell`)[i]"
            ".querySelector('.jp-InputPrompt').textContent.includes('*')",
            arg=[FRONT, index],
        )

    def said(self, index):
        """What a cell printed, or its value as text."""
        return self.cell(index).locator(".jp-OutputArea-output").last.inner_text()


# of the widget manager itself, in a notebook that is opened without a kernel; of JupyterLab, where a kernel is shut down
# while a subshell of it begins: it awaits in vain what it has cancelled itself (services/kernel/comm.ts), and where a
# notebook is closed while its kernel starts
THEIRS = (
    ("Cannot read properties of null (reading 'kernel')", "/@jupyter-widgets/jupyterlab-manager/"),
    ("Canceled future for create_subshell_request",),
    ("Error: Disposed", "_handleNewSession"),
)
FRONT = ".jp-NotebookPanel:not(.lm-mod-hidden)"
NOTEBOOK = "window.jupyterapp.shell.currentWidget.content"
IDLE = (
    "() => { const k = window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel;"
    " return k && k.status === 'idle' && k.connectionStatus === 'connected'; }"
)


@pytest.fixture(scope="session")
def page(browser, server):
    place, token, _ = server
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    made = context.new_page()
    made.set_default_timeout(60_000)  # a machine may be busy with other things
    made.goto(f"{place}/lab?token={token}&reset")
    Lab(made, None)._restored()
    yield made
    context.close()


@contextlib.contextmanager
def watched(page):
    """An error of a script in the page is one here."""
    errors = []

    def heard(error):
        said = error.stack or str(error)
        if not any(all(part in said for part in error) for error in THEIRS):
            errors.append(said)

    page.on("pageerror", heard)
    yield
    page.remove_listener("pageerror", heard)
    assert not errors, errors


@pytest.fixture
def lab(page, server):
    """JupyterLab with nothing open; an error of a script in the page fails the test."""
    made = Lab(page, server[2])
    made.count = len(list(server[2].glob("*.ipynb")))
    with watched(page):
        yield made
        page.keyboard.press("Escape")
        made.close()
