"""Words of the registry in words: signatures, defaults, titles. Help, completion and the reference say them alike."""

from __future__ import annotations

from typing import Any

from mtl_magic.registry import REQUIRED, Declaration, Param


def spelt(value: Any) -> str:
    """A plain value as the language writes it.

    Example:
        >>> spelt((128, 64)), spelt(None), spelt(1e-3)
        ('[128, 64]', 'none', '0.001')
    """
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Declaration):
        return value.word
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(spelt(v) for v in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def default(param: Param) -> str:
    """The default of a parameter, or 'needed'."""
    return "needed" if param.default is REQUIRED else spelt(param.default)


def signature(declaration: type[Declaration]) -> str:
    """A word with its parameters as they stand where nothing is said; those that every part has are left out.

    Example:
        >>> from mtl_magic.vocabulary import vocabulary
        >>> signature(vocabulary().find("metric", "gauc"))
        'gauc(group)'
    """
    shown = [p.name if p.required else f"{p.name}={spelt(p.default)}" for p in declaration.params()]
    if declaration.family == "settings":
        return " ".join([declaration.word, *shown])
    return declaration.word + (f"({', '.join(shown)})" if shown else "")


def defaults(declaration: type[Declaration]) -> str:
    """What a task kind has where nothing is said of loss and metrics; of other words nothing.

    Example:
        >>> from mtl_magic.vocabulary import vocabulary
        >>> defaults(vocabulary().find("task", "regression"))
        'Its own loss is mse, its own metrics are rmse and mae.'
    """
    loss, metrics = getattr(declaration, "default_loss", ""), getattr(declaration, "default_metrics", ())
    return f"Its own loss is {loss}, its own metrics are {' and '.join(metrics)}." if loss and metrics else ""


def plural(noun: str) -> str:
    """Several of a family's title.

    Example:
        >>> plural("loss"), plural("dependency"), plural("task kind")
        ('losses', 'dependencies', 'task kinds')
    """
    stem = noun[:-1] + "ie" if noun.endswith("y") else noun + "e" * noun.endswith("s")
    return stem + "s"
