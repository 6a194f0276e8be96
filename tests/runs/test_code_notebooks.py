"""The model of each cell of the notebooks as a script, in a process that has nothing of this package."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from runs.scripts import untrained

APART = """
import json, pathlib, runpy, sys
sys.modules["mtl_magic"] = None  # importing it is an error
import numpy as np
import pandas as pd

for folder in map(pathlib.Path, sys.argv[1:]):
    module = runpy.run_path(str(folder / "model.py"), run_name="model")
    got = module["predict"](pd.read_pickle(folder / "table.pkl"))
    got.to_pickle(folder / "got.pkl")
"""
SIDES = {"two_classifiers": ("left", "right", 96), "classify_and_regress": ("digit", "angle", 100)}


def sources(notebook, kind="code"):
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == kind]


def table_of(name):
    """A small table with the columns of a notebook's."""
    if name == "does_sharing_help":  # of six tasks, its pair among them
        rng = np.random.default_rng(0)
        return pd.DataFrame(
            {
                "x": list(rng.normal(size=(400, 20)).astype("float32")),
                **dict(zip("abcdef", rng.normal(size=(6, 400)), strict=True)),
            }
        )
    if name not in SIDES:
        from mtl_magic.datasets import kuairand_sample

        return kuairand_sample().head(1500)
    rng = np.random.default_rng(0)
    first, second, width = SIDES[name]
    images = rng.integers(0, 16, (400, width)).astype("float32")
    labels = {first: rng.integers(0, 10, 400), second: rng.integers(0, 10, 400)}
    if second == "angle":
        labels[second] = rng.uniform(-45, 45, 400)
    return pd.DataFrame({"image": list(images), **labels})


def cells_of(root):
    """(notebook, name of the run, text below the first line) of each `%%mtl` cell that trains."""
    for notebook in sorted((root / "notebooks").glob("*.ipynb")):
        seen = set()
        for source in sources(notebook):
            header, _, text = source.partition("\n")
            words = header.split()
            if words[:1] != ["%%mtl"] or "binry" in text:
                continue
            # Cells of `balancing` are one network: what they differ in, a prediction knows nothing of.
            network = re.sub(r"(?m)^(balance|train).*$", "", text)
            if notebook.stem != "balancing" or network not in seen:
                seen.add(network)
                yield notebook, words[1], trial_0(text)


def trial_0(text):
    """Of a cell that is searched, the first of its trials."""
    from mtl_magic.runs.fitting import parse
    from mtl_magic.tune.space import Space
    from mtl_magic.vocabulary import vocabulary

    return str(Space(parse(text), vocabulary()).cell({})) if re.search(r"(?m)^tune\b", text) else text


def namespace_of(notebook, text):
    """What a cell's braces need: the code cell of the notebook that defines it."""
    found = {"height": 8, "width": 12}
    for source in sources(notebook):
        if "{eye()}" in text and "def eye" in source:
            exec(source, found)
    return found


@pytest.mark.timeout(600)
def test_every_notebooks_model_predicts_the_same_without_this_package(root, tmp_path):
    folders, wanted = [], []
    for notebook, name, text in cells_of(root):
        table, namespace = table_of(notebook.stem), namespace_of(notebook, text)
        run = untrained(text, table, namespace)
        folder = tmp_path / f"{notebook.stem}_{name}"
        run.code(folder, namespace=namespace)
        rows = table.head(100).copy()
        if "user_id" in rows:
            rows.loc[rows.index[:2], ["user_id", "tag"]] = [-1, None]
        rows.to_pickle(folder / "table.pkl")
        folders.append(folder)
        wanted.append(run.predict(rows))
    assert len(folders) >= 9
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    subprocess.run([sys.executable, "-c", APART, *folders], check=True, env=environment, cwd=tmp_path)
    for folder, want in zip(folders, wanted, strict=True):
        pd.testing.assert_frame_equal(pd.read_pickle(folder / "got.pkl"), want, atol=1e-5, rtol=1e-5)


def test_a_script_is_used_from_a_terminal(tmp_path):
    table = table_of("quickstart")
    run = untrained("feature user_id, tag\ntask is_click, is_like: binary", table)
    run.code(tmp_path / "feed")
    table.to_csv(tmp_path / "log.csv", index=False)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "feed/model.py", "predict", "log.csv", "--out", "made.csv"]
    subprocess.run(command, check=True, env=environment, cwd=tmp_path)
    made = pd.read_csv(tmp_path / "made.csv", index_col=0)
    np.testing.assert_allclose(made, run.predict(table), atol=1e-5)
