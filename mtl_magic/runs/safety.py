"""What a folder of somebody else's may not do: name code that Keras would run, or files that are not its own.

Keras' safe mode refuses code in a file. It still makes objects of any of its own classes with whatever arguments the file
has, and some of those read files, open addresses or load code. A model of ours is made of layers and operations that
compute: what else a file names is refused before Keras sees it.
"""

from __future__ import annotations

import inspect
import json
import pathlib
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from mtl_magic.data.columns import family

MEMBERS = {"metadata.json", "config.json", "model.weights.h5"}
KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*")  # of a feature, task or output: it names files, tensors and variables
VALUES = {"__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__", "__tuple__"}
PLAIN = {"DTypePolicy", "DTypePolicyMap", "Functional", "Model", "Sequential"}  # of the module 'keras'
MODULES = ("layers", "initializers", "regularizers", "constraints", "activations", "models", "random")
OWN = re.compile(r"keras\.src\.(ops|models|layers|initializers|regularizers|constraints|random)\.[\w.]+")
DENIED = {
    "Lambda",  # holds code
    "TFSMLayer",  # a SavedModel from a path
    "TorchModuleWrapper",  # a pickle
    "JaxLayer",
    "FlaxLayer",
    "StringLookup",  # their vocabulary may be a path or an address
    "IntegerLookup",
    "IndexLookup",
    "TextVectorization",
}


def check_model(path: pathlib.Path) -> None:
    """Look at a `.keras` file without making anything of it.

    Raises:
        ValueError: it holds, or names, something that no model of ours needs.
        OSError, KeyError, zipfile.BadZipFile: it is no such file.
    """
    with zipfile.ZipFile(path) as archive:
        others = sorted({i.filename for i in archive.infolist()} - MEMBERS)
        if others:
            raise ValueError(f"it holds '{others[0]}', which no model of ours has")
        for object_ in _objects(json.loads(archive.read("config.json"))):
            _check(object_)
        with archive.open("model.weights.h5") as weights:
            _check_weights(weights)


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    """Everything in a config that Keras would make an object of."""
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "class_name" in value:
                yield value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _check(config: dict[str, Any]) -> None:
    import keras

    name, module, registered = config["class_name"], config.get("module"), config.get("registered_name")
    title = f"{module}.{name}" if module else name
    if name in VALUES and module is None:
        return
    if isinstance(registered, str) and ">" in registered:
        if keras.saving.get_registered_object(registered) is None:
            raise ValueError(f"'{registered}' is not known here: import the module that registers it with Keras first")
        return
    if name == "function" and module == "builtins":
        if not isinstance(config.get("config"), str) or not hasattr(keras.activations, config["config"]):
            raise ValueError(f"it names the function '{config.get('config')}', which is no activation of Keras")
        return
    if name in DENIED:
        raise ValueError(f"a layer '{name}' can run code or read files, and is not loaded")
    if not _computes(str(module), str(name)):
        raise ValueError(f"it names '{title}', which is neither a layer nor an operation of Keras or of this package")


def _computes(module: str, name: str) -> bool:
    """Whether it is a class of Keras for layers, operations, initializers and the like."""
    import keras

    if module == "keras":
        return name in PLAIN
    if module.removeprefix("keras.") in MODULES and module.startswith("keras."):
        return inspect.isclass(getattr(getattr(keras, module.removeprefix("keras.")), name, None))
    return OWN.fullmatch(module) is not None


def _check_weights(file: Any) -> None:
    """HDF5 can say that a part of it stands in another file.

    Raises:
        ValueError: it does.
    """
    import h5py

    def look(group: Any) -> None:
        for name in group:
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise ValueError(f"its weights '{name}' are a link")
            found = group[name]
            if isinstance(found, h5py.Group):
                look(found)
            elif found.external or found.is_virtual:
                raise ValueError(f"its weights '{name}' stand in another file")

    with h5py.File(file, "r") as weights:
        look(weights)


def check_links(place: pathlib.Path, names: tuple[str, ...]) -> None:
    """The files of a folder stand in it.

    Raises:
        ValueError: one is a link out of it.
    """
    inside = place.resolve()
    for name in names:
        if not (place / name).resolve().is_relative_to(inside):
            raise ValueError(f"'{name}' is a link to a place outside of the folder")


def check_array(name: str, kind: Any) -> None:
    """An encoder's array is a list of texts, numbers or yes/no, of which Arrow makes no objects of other packages.

    Raises:
        ValueError: it is not.
    """
    inner = kind.value_type if family(kind) == "list" else kind
    if name and (inner is kind or family(inner) not in ("null", "bool", "int", "float", "string")):
        raise ValueError(f"'{name}' holds {kind}, which no encoder has")


def check_state(plain: Any) -> None:
    """An encoder's plain values are numbers, texts, yes/no and none.

    Raises:
        ValueError: one is something else.
    """
    odd = [name for name, value in plain.items() if not isinstance(value, (bool, int, float, str, type(None)))]
    if odd:
        raise ValueError(f"'{odd[0]}' of an encoder is a {type(plain[odd[0]]).__name__}")


def key(text: Any) -> str:
    """A key of a feature, task or output.

    Raises:
        ValueError: it is none that this package makes.

    Example:
        >>> key("user_id")
        'user_id'
    """
    if not isinstance(text, str) or not KEY.fullmatch(text):
        raise ValueError(f"{text!r} is no key")
    return text
