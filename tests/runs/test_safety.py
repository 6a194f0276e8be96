"""A text, a run's folder and a model of somebody else's that try to run code, or to read other files, do neither."""

from __future__ import annotations

import io
import json
import pathlib
import pickle
import re
import shutil
import zipfile

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli.cells import written

import mtl_magic
from mtl_magic.cli.main import main
from mtl_magic.problems import MtlError

# ---------------------------------------------------------------------------------------------------------------------
# A text


@pytest.mark.parametrize(
    "line",
    [
        "share {open(PLACE, 'w')}",
        "task hot: binary(loss={open(PLACE, 'w')})",
        "task hot: binary(metrics=[{open(PLACE, 'w')}])",
        "task hot: binary(tower={open(PLACE, 'w')})",
        "train callbacks=[{open(PLACE, 'w')}]",
        "train warm_start={open(PLACE, 'w')}",
        "train optimizer={open(PLACE, 'w')}",
        "balance {open(PLACE, 'w')}",
        "feature user: category(dim={open(PLACE, 'w')})",
    ],
)
def test_python_in_a_text_is_refused_and_the_refusal_says_so(tmp_path, line, capsys):
    place = tmp_path / "made by code"
    text = f"task click: binary\n{line.replace('PLACE', repr(str(place)))}\n"
    spec, data = written(tmp_path, text=text)
    for words in (["train", spec, "--store", str(tmp_path / "runs")], ["explain", spec]):
        assert main([*words, "--data", data]) == 1
        said = capsys.readouterr().err
        assert "MTL050, line 2" in said
        assert "is not run unasked" in said
        assert "--allow-python" in said
    for use in (mtl_magic.fit, mtl_magic.explain):
        with pytest.raises(MtlError) as caught:
            use(text, data)
        assert {p.code for p in caught.value.problems} == {"MTL050"}
    mtl_magic.parse(text)
    assert not place.exists()


# ---------------------------------------------------------------------------------------------------------------------
# A folder


class Bomb:
    """What a pickle runs when it is read."""

    def __init__(self, place: pathlib.Path) -> None:
        self.place = place

    def __reduce__(self):
        return open, (str(self.place), "w")


@pytest.fixture(scope="module")
def saved(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "feed"
    run.save(folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    return pathlib.Path(shutil.copytree(saved, tmp_path / "feed"))


def refused(folder: pathlib.Path, code: str = "MTL413") -> str:
    """What is said of a folder that is not read, and that nothing came of it."""
    with pytest.raises(MtlError) as caught:
        mtl_magic.load(folder)
    assert [p.code for p in caught.value.problems] == [code]
    assert not list(folder.parent.rglob("made by code"))
    return str(caught.value)


def changed(file: pathlib.Path, change) -> None:
    plain = json.loads(file.read_text(encoding="utf-8"))
    change(plain)
    file.write_text(json.dumps(plain), encoding="utf-8")


def put(*path, value):
    """A function that puts a value into a tree."""

    def change(plain):
        for step in path[:-1]:
            plain = plain[step]
        plain[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("schema.json", put("features", 1, "key", value="../../made by code")),
        ("schema.json", put("features", 1, "key", value="x\nimport os")),
        ("schema.json", put("tasks", 0, "key", value="__import__('os')")),
        ("schema.json", put("features", 1, "encoder", "encoder", value="os.system")),
        ("schema.json", put("features", 1, "encoder", "dim", value={"__reduce__": ["os.system", "id"]})),
        ("schema.json", put("features", 1, "encoder", "dim", value="two")),
        ("schema.json", put("features", 1, "encoder", "min_count", value=["two"])),
        ("schema.json", put("features", 1, "encoder", "more", value=1)),
        ("schema.json", put("features", 1, "kind", "word", value="__import__")),
        ("schema.json", put("features", 1, "kind", "family", value=["feature"])),
        ("schema.json", put("features", 1, "ids", value=[0, 10**12])),
        ("schema.json", put("tasks", 0, "kind", value={"family": "loss"})),
        ("run.json", put("outputs", value=[["../x", "click"]])),
        ("run.json", put("outputs", value="click")),
        ("run.json", put("warnings", value=[{"span": 1}])),
        ("run.json", put("warnings", value="x")),
        ("run.json", put("notes", value=5)),
    ],
)
def test_odd_values_are_an_error(folder, file, change):
    changed(folder / file, change)
    assert file in refused(folder)


def test_python_in_the_text_of_a_run_is_not_run(folder):
    place = folder.parent / "made by code"
    (folder / "cell.mtl").write_text(
        f"task click: binary(loss={{open({str(place)!r}, 'w')}})\ntask watch, kind", "utf-8"
    )
    run = mtl_magic.load(folder)
    for use in (run.topology, run.code):
        with pytest.raises(MtlError) as caught:
            use()
        assert "MTL050" in {p.code for p in caught.value.problems}
    assert "open(" in str(run.spec)
    assert not place.exists()


@pytest.mark.parametrize(
    "name", ["cell.mtl", "schema.json", "encoders.parquet", "history.csv", "model.keras", "run.json"]
)
def test_a_link_out_of_the_folder_is_not_followed(folder, tmp_path, name):
    secret = tmp_path / "secret"
    (folder / name).rename(secret)
    (folder / name).symlink_to(secret)
    assert "outside of the folder" in refused(folder)
    (folder / name).unlink()
    secret.rename(folder / "inner")
    (folder / name).symlink_to("inner")
    mtl_magic.load(folder)


def test_the_folder_itself_may_be_a_link(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    assert mtl_magic.load(tmp_path / "link").name == "feed"


@pytest.mark.parametrize("name", ["schema.json", "encoders.parquet", "model.keras", "history.csv", "run.json"])
def test_a_pickle_under_another_name_is_not_unpickled(folder, name):
    (folder / name).write_bytes(pickle.dumps(Bomb(folder.parent / "made by code")))
    assert name in refused(folder)


def test_arrow_types_of_other_packages_are_not_made(folder):
    values = pa.array([["a", "b"]], pa.large_list(pa.string()))
    bomb = pickle.dumps(Bomb(folder.parent / "made by code"))
    for name in (b"arrow.py_extension_type", b"os.system"):
        about = {b"ARROW:extension:name": name, b"ARROW:extension:metadata": bomb}
        field = pa.field("n_1.vocabulary", values.type, metadata=about)
        pq.write_table(pa.table([values], pa.schema([field])), folder / "encoders.parquet")
        try:
            mtl_magic.load(folder)
        except MtlError:
            refused(folder)
        assert not (folder.parent / "made by code").exists()


@pytest.mark.parametrize("odd", [[[{"a": 1}]], [[b"x"]], [[["x"]]], ["x"]])
def test_arrays_that_no_encoder_has_are_an_error(folder, odd):
    pq.write_table(pa.table({"n_1.vocabulary": pa.array(odd)}), folder / "encoders.parquet")
    assert "encoders.parquet" in refused(folder)


def test_a_checkpoint_with_objects_is_an_error(tmp_path):
    from mtl_magic.train import checkpoint

    place = tmp_path / "state.npz"
    np.savez(place, x=np.array([Bomb(tmp_path / "made by code")], object))
    with pytest.raises(ValueError, match="pickle"), np.load(place, allow_pickle=False) as found:
        found["x"]
    source = pathlib.Path(checkpoint.__file__).read_text(encoding="utf-8")
    assert source.count("np.load(") == source.count("allow_pickle=False") == 1


# ---------------------------------------------------------------------------------------------------------------------
# A model


def with_model(folder: pathlib.Path, change=lambda config: config, **members: bytes) -> None:
    """The folder with a model whose config is another, and with other members."""
    path = folder / "model.keras"
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["config.json"] = json.dumps(change(json.loads(files["config.json"]))).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**files, **members}.items():
            archive.writestr(name, content)


def layer(**config):
    """A change of a model's config: this layer stands in it."""

    def change(model):
        model["config"]["layers"].insert(1, {"name": "odd", "inbound_nodes": [], "build_config": None, **config})
        return model

    return change


SECRET = "/etc/hostname"


@pytest.mark.parametrize(
    "odd",
    [
        {"module": "keras.layers", "class_name": "Lambda", "config": {"name": "odd", "function": "open"}},
        {"module": "keras.src.layers.core.lambda_layer", "class_name": "Lambda", "config": {"name": "odd"}},
        {"module": "builtins", "class_name": "eval", "config": "1"},
        {"module": "builtins", "class_name": "function", "config": "eval"},
        {"module": "os", "class_name": "system", "config": "id"},
        {"module": "subprocess", "class_name": "Popen", "config": {"args": "id"}},
        {"module": "antigravity", "class_name": "Layer", "config": {}},
        {"module": "keras_hub.layers", "class_name": "X", "config": {}},
        {"module": "keras.utils", "class_name": "get_file", "config": {"origin": f"file://{SECRET}"}},
        {"module": "keras", "class_name": "utils.get_file", "config": {}},
        {"module": "keras.src.utils.file_utils", "class_name": "get_file", "config": {}},
        {"module": "keras.models", "class_name": "load_model", "config": {"filepath": SECRET}},
        {"module": "keras.saving", "class_name": "load_model", "config": {"filepath": SECRET}},
        {"module": "keras.config", "class_name": "enable_unsafe_deserialization", "config": {}},
        {"module": "keras.layers", "class_name": "StringLookup", "config": {"name": "odd", "vocabulary": SECRET}},
        {"module": "keras.layers", "class_name": "IntegerLookup", "config": {"name": "odd", "vocabulary": SECRET}},
        {"module": "keras.layers", "class_name": "TextVectorization", "config": {"vocabulary": SECRET}},
        {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "/tmp"}},
        {"module": "keras.layers", "class_name": "TorchModuleWrapper", "config": {"module": "x"}},
        {"module": None, "class_name": "Lambda", "config": {"function": ["x", None, None]}},
        {"module": None, "class_name": "__lambda__", "config": {"value": "x"}},
        {"module": "mine", "class_name": "Mine", "registered_name": "mine>Mine", "config": {}},
        {
            "module": "keras.layers",
            "class_name": "Dense",
            "config": {"units": 1, "activation": {"module": "builtins", "class_name": "function", "config": "exec"}},
        },
        {
            "module": "keras.layers",
            "class_name": "TimeDistributed",
            "config": {"layer": {"module": "keras.layers", "class_name": "Lambda", "config": {}}},
        },
    ],
)
def test_a_model_that_names_anything_but_what_computes_is_refused_before_keras_sees_it(folder, odd, monkeypatch):
    import keras

    def never(*args, **kwargs):
        raise AssertionError("Keras was asked")

    monkeypatch.setattr(keras.models, "load_model", never)
    with_model(folder, layer(**odd))
    said = refused(folder)
    assert "model.keras" in said
    assert "Keras was asked" not in said


@pytest.mark.parametrize("name", ["assets/words.txt", "../made by code", "/tmp/made by code", "model.py"])
def test_a_model_with_other_files_is_refused(folder, name):
    with_model(folder, **{name: b"x"})
    assert "no model of ours has" in refused(folder)


def test_weights_that_stand_in_another_file_are_refused(folder, tmp_path):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["x"] = np.ones(3)
    raw = tmp_path / "raw"
    raw.write_bytes(b"secret" * 9)

    def linked(file):
        file["layers"] = h5py.ExternalLink(str(secret), "/x")

    def soft(file):
        file["layers"] = h5py.SoftLink("/x")

    def external(file):
        file.create_group("a").create_dataset("x", (3,), "f4", external=[(str(raw), 0, 12)])

    def virtual(file):
        layout = h5py.VirtualLayout((3,), "f8")
        layout[:] = h5py.VirtualSource(str(secret), "x", (3,))
        file.create_virtual_dataset("x", layout)

    for make in (linked, soft, external, virtual):
        made = io.BytesIO()
        with h5py.File(made, "w") as file:
            make(file)
        with_model(folder, **{"model.weights.h5": made.getvalue()})
        assert "weights '" in refused(folder)


def test_layers_and_functions_of_ones_own_are_loaded(tmp_path):
    """What stands in braces is known to the process that registers it, and to no other."""
    import keras

    @keras.saving.register_keras_serializable("safety")
    class Doubled(keras.layers.Layer):
        def call(self, x):
            return 2 * x

    text = "share a = {keras.layers.Dense(4, 'gelu', kernel_regularizer='l2')} from inputs\nshare b = {own} from a\n"
    text += "share c = {lambda x: keras.ops.relu(x) + 1} from b\ntask click: binary allow MTL101\ntrain epochs=1"
    table = pd.DataFrame({"x": np.arange(400.0), "click": np.arange(400) % 3 == 0})
    run = mtl_magic.fit(text, table, namespace={"keras": keras, "own": Doubled()})
    run.save(tmp_path / "mine")
    again = mtl_magic.load(tmp_path / "mine")
    pd.testing.assert_frame_equal(run.predict(table), again.predict(table), rtol=1e-5)
    keras.saving.get_custom_objects().pop("safety>Doubled")
    assert "import the module that registers it" in refused(tmp_path / "mine")


# ---------------------------------------------------------------------------------------------------------------------
# No telemetry


def test_the_package_has_no_client_of_the_network():
    root = pathlib.Path(mtl_magic.__file__).parent
    clients = re.compile(r"^\s*(import|from) (urllib|http|requests|httpx|aiohttp|smtplib|ftplib)\b", re.MULTILINE)
    files = list(root.rglob("*.py"))
    assert len(files) > 200
    assert [str(f) for f in files if clients.search(f.read_text(encoding="utf-8"))] == []
