"""All that a training is, as named arrays: what a checkpoint holds, and what a best epoch is restored from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

    from mtl_magic.train.step import Step


def named(model: keras.Model) -> dict[str, Any]:
    """The model's variables, tables and random seeds included, by names that do not depend on the process.

    Keras numbers the seeds of its dropout layers through the life of a process, so their numbers are left out.
    """
    return {
        f"{i}/{re.sub(r'seed_generator_[0-9]+', 'seed_generator', v.path)}": v for i, v in enumerate(model.variables)
    }


def weights_of(model: keras.Model) -> dict[str, np.ndarray]:
    """The values of `named`."""
    return {name: np.array(v) for name, v in named(model).items()}


def set_weights(model: keras.Model, weights: dict[str, np.ndarray]) -> None:
    for name, variable in named(model).items():
        variable.assign(weights[name])


def _variables(step: Step) -> dict[str, Any]:
    found: dict[str, Any] = {f"model/{name}": v for name, v in named(step.net.model).items()}
    found |= {f"optimizer/{i}": v for i, v in enumerate(step.dense.variables)}
    for table in step.tables:
        found |= {f"table/{table.layer.name}/{name}": v for name, v in table.slots.items()}
    found |= {f"balance/{name}": v for name, v in step.state.items()}
    if step.scaling is not None:
        found |= {f"scaling/{name}": v for name, v in step.scaling.variables.items()}
    found |= {f"average/{i}": v for i, v in enumerate(step.average.means)}
    found |= {
        "lr": step.rates.lr,
        "person": step.rates.person,
        "step": step.rates.step,
        "applied": step.applied,
        "sums": step.sums,
        "left_out": step.left_out,
    }
    return found


def state_of(step: Step) -> dict[str, np.ndarray]:
    """Everything that the next steps depend on, as arrays: weights, moments, random state, balancing, counters."""
    return {name: np.array(variable) for name, variable in _variables(step).items()}


def set_state(step: Step, state: dict[str, np.ndarray]) -> None:
    """The opposite of `state_of`, on a step of the same program and schema.

    Raises:
        ValueError: an array is missing or of another shape.
    """
    variables = _variables(step)
    if missing := sorted(set(variables) - set(state)):
        raise ValueError(f"the state lacks {missing[0]!r} and {len(missing) - 1} more")
    for name, variable in variables.items():
        if tuple(variable.shape) != state[name].shape:
            raise ValueError(f"{name!r} has the shape {tuple(variable.shape)}, the state's has {state[name].shape}")
        variable.assign(state[name])
