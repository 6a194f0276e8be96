"""What the wheel installs for JupyterLab, and that nothing stays when it goes."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import venv
import zipfile

import pytest

SHARE = "share/jupyter/labextensions/mtl-magic"
LIMIT = 150_000  # bytes of scripts


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out)]
    path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ.get("PATH", "")])
    subprocess.run(command, cwd=root, check=True, capture_output=True, env={**os.environ, "PATH": path})
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """A new environment that sees the packages of this one, but not this project's installation."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    site = next((folder / "lib").glob("python*/site-packages"))
    here = next(p for p in sys.path if p.endswith("site-packages"))
    (site / "those.pth").write_text(f"{here}\n")
    return folder, python


def test_the_files_of_the_wheel(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    shared = [n.partition("/data/")[2] for n in names if "/data/share/" in n]
    assert f"{SHARE}/package.json" in shared
    assert f"{SHARE}/install.json" in shared
    assert f"{SHARE}/static/style.js" in shared
    for plugin in ("highlight", "completion", "lint", "hover", "commands", "sidebar"):
        assert f"{SHARE}/schemas/mtl-magic/{plugin}.json" in shared
    assert {"mtl_magic/dashboard/static/charts.js", "mtl_magic/dashboard/static/controls.js"} <= set(names)
    assert not [n for n in names if n.startswith("mtl_magic/labextension/")], "it stands in the wheel twice"
    assert not [n for n in names if "node_modules" in n or n.endswith((".ts", ".map"))]


def test_the_scripts_are_small(wheel):
    sizes = {i.filename: i.file_size for i in zipfile.ZipFile(wheel).infolist() if "/labextensions/" in i.filename}
    scripts = {name: size for name, size in sizes.items() if name.endswith(".js")}
    assert sum(scripts.values()) < LIMIT, scripts


def test_it_is_installed_enabled_and_leaves_nothing(wheel, clean):
    folder, python = clean
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "PYTHON"))},
        "JUPYTER_NO_CONFIG": "1",
        "HOME": str(folder.parent),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }

    def run(*arguments):
        done = subprocess.run(
            [python, *arguments], env=environment, cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    before = files(folder)
    run("-m", "pip", "install", "--no-deps", "--no-index", "--ignore-installed", str(wheel))
    assert (folder / SHARE / "package.json").is_file()
    listed = run("-m", "jupyterlab.labextensions", "list")
    line = next(x for x in listed.splitlines() if "mtl-magic" in x)
    assert "enabled" in line
    assert "OK" in line
    built = json.loads((folder / SHARE / "package.json").read_text())["jupyterlab"]["_build"]
    assert (folder / SHARE / built["load"]).is_file()
    run("-m", "pip", "uninstall", "--yes", "mtl-magic")
    assert files(folder) == before


def files(folder):
    return {p for p in folder.rglob("*") if p.is_file() and p.suffix != ".pyc" and ".jupyter" not in p.parts}
