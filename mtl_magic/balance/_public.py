"""The methods for anyone's own loop: NumPy in, NumPy out, no cell and no network."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from mtl_magic.problems import MtlError, Problem, listed
from mtl_magic.registry import REGISTRY, Declaration

if TYPE_CHECKING:
    import numpy as np

    from mtl_magic.balance._base import Balance, BalanceTask, State


def weights(method: str, gramian: Any, *, losses: Any = None, step: int = 0, **options: Any) -> np.ndarray:
    """The weights that a method gives the tasks, on its paper's own scale.

    Args:
        method: the word of a method that has no state, as in a `balance` line: 'upgrad', 'nash_mtl' (see docs/balancing.md).
        gramian: G = J Jᵀ (K, K), the products of the tasks' gradients. A task whose gradient is 0 or not finite is left
            out, and its weight is 0.
        losses: the tasks' losses (K,), for methods that read them.
        step: number of the step, of which a random method makes its order.
        **options: the method's own, as in a `balance` line: `c=0.4`.

    Returns:
        Weights w (K,) float64: Jᵀw is the direction to descend.

    Raises:
        MtlError: MTL470 there is no such method, option or shape; the method has a state (`create` keeps it), or does not work on
            Gramians; MTL471 it has no solution.

    Example:
        >>> import mtl_magic
        >>> mtl_magic.balance.weights("mgda", [[1, -1], [-1, 4]], norm=None).round(3)
        array([0.714, 0.286])
    """
    from mtl_magic.balance._gramian import GramianBalance

    made = _made(method, options)
    if not isinstance(made, GramianBalance):
        raise _problem(
            f"'{method}' does not work on a Gramian", f"balance.create('{method}', tasks=…).update(losses=…)"
        )
    given = _square(gramian, None)
    balancer = Balancer(made, _tasks(len(given)), traced=False)
    if len(balancer.state) > 1:
        raise _problem(f"'{method}' has a state from step to step", f"balance.create('{method}', tasks={len(given)})")
    balancer.step = step
    return balancer.update(losses=losses, gramian=given)


def create(method: str, tasks: int | Sequence[str], *, numbers: Sequence[str | int] = (), **options: Any) -> Balancer:
    """A method with its state, for a loop of one's own.

    Args:
        method: the word of a method, as in a `balance` line.
        tasks: how many tasks there are, or their names.
        numbers: which of them predict a number, by name or place: `uncertainty` weighs those otherwise than classes.
        **options: the method's own, as in a `balance` line: `alpha=1.5`.

    Raises:
        MtlError: MTL470 there is no such method or option, or it works on the gradients themselves.

    Example:
        >>> import mtl_magic
        >>> dwa = mtl_magic.balance.create("dwa", tasks=2, steps=1)
        >>> [dwa.update(losses=losses).round(2).tolist() for losses in ([2, 2], [1, 2], [1, 2])]
        [[1.0, 1.0], [1.0, 1.0], [0.88, 1.12]]
    """
    return Balancer(_made(method, options), _tasks(tasks, {str(n) for n in numbers}))


class Balancer:
    """A method between steps; made by `create`.

    Attributes:
        method: the declaration of the method, with its options.
        state: name -> array, all that the next weights depend on, together with `step`.
        step: number of steps so far.
    """

    def __init__(self, method: Balance, tasks: tuple[BalanceTask, ...], *, traced: bool = True) -> None:
        import tensorflow as tf

        self.method, self.tasks = method, tasks
        self.state: State = method.start(tasks)
        self.step = 0
        self._seen: Any = None
        # Traced at the first step, which takes a second; each later one is many times faster than single operations.
        self._weights = tf.function(self._weighed, autograph=False) if traced else self._weighed

    def _weighed(self, losses: Any, active: Any, step: Any, gramian: Any, state: State) -> tuple[Any, State]:
        return self.method.weights(_evidence(losses, active, step, gramian), state, self.tasks)

    def update(self, losses: Any = None, gramian: Any = None) -> np.ndarray:
        """The weights of this step, on the paper's own scale; the state moves on.

        Args:
            losses: the tasks' losses (K,); NaN where a task has none in this step.
            gramian: G = J Jᵀ (K, K) of the gradients of those losses, for methods that work on Gramians.

        Returns:
            Weights (K,) float64; 0 for tasks without a loss, or without a gradient where the method looks at gradients.

        Raises:
            MtlError: MTL470 something is missing or of another shape; MTL471 the method found no solution.
        """
        import numpy as np
        import tensorflow as tf

        from mtl_magic.balance._base import TROUBLE

        k = len(self.tasks)
        on_gramian = self.method.uses == "gramian"
        if on_gramian and gramian is None:
            raise _problem(f"'{self.method.word}' needs a Gramian", f"update(gramian=…), of shape ({k}, {k})")
        if not on_gramian and losses is None:
            raise _problem(f"'{self.method.word}' needs losses", f"update(losses=…), {k} numbers")
        if losses is None and getattr(self.method, "reads_losses", False):
            raise _problem(f"'{self.method.word}' needs the losses too", f"losses=…, {k} numbers")
        given = np.full(k, 1.0) if losses is None else np.asarray(losses, "float64")
        if given.shape != (k,):
            raise _problem(f"the losses have the shape {given.shape}", f"{k} tasks have {k} losses")
        square = _square(gramian, k) if gramian is not None else np.eye(k)
        active = np.isfinite(given)
        if on_gramian:
            diagonal = square.diagonal()
            active &= np.isfinite(diagonal) & (diagonal > 0)
        losses32 = tf.constant(np.where(active, given, 0.0), tf.float32)
        seen = (
            losses32,
            tf.constant(active),
            tf.constant(self.step, tf.int64),
            tf.constant(square, tf.float64) if on_gramian else None,
        )
        self._seen = _evidence(*seen)
        before = float(self.state.get(TROUBLE, 0.0))
        found, state = self._weights(*seen, _tensors(self.state))
        self.state = {name: value.numpy() for name, value in state.items()}
        self.step += 1
        if float(self.state.get(TROUBLE, 0.0)) > before:
            hint = "leave such a step out, or take equal weights in it, as training does"
            raise MtlError(Problem("MTL471", f"'{self.method.word}' found no weights for this Gramian", hint=hint), "")
        return np.where(active, found.numpy().astype("float64"), 0.0)

    def after(self, losses: Any) -> None:
        """Tells a method that looks back (`famo`) the losses of the same rows after the update; others need none."""
        import numpy as np
        import tensorflow as tf

        if not self.method.looks_back:
            return
        if self._seen is None:
            raise _problem("'after' comes after 'update'", "update(losses=…), the step, after(losses=…)")
        given = np.asarray(losses, "float32")
        if given.shape != (len(self.tasks),):
            raise _problem(f"the losses have the shape {given.shape}", f"{len(self.tasks)} tasks have as many losses")
        state = self.method.after(self._seen, tf.constant(given), _tensors(self.state), self.tasks)
        self.state = {name: value.numpy() for name, value in state.items()}


@functools.cache
def _words() -> dict[str, type[Declaration]]:
    import mtl_magic.balance as room

    for module in pkgutil.iter_modules(room.__path__):
        if not module.name.startswith("_"):
            importlib.import_module(f"{room.__name__}.{module.name}")
    return {word: found for word in REGISTRY.words("balance") if (found := REGISTRY.find("balance", word))}


def _made(method: str, options: dict[str, Any]) -> Any:
    words = _words()
    if method not in words:
        close = get_close_matches(str(method), words, 1)
        hint = f"did you mean '{close[0]}'?" if close else ""
        raise _problem(f"'{method}' is no balancing method; there are {listed(sorted(words), 40)}", hint)
    declaration = words[method]
    known = {p.name: p for p in declaration.options()}
    values = {}
    for name, value in options.items():
        if name not in known:
            has = f"its options: {listed(list(known), 20)}" if known else "it has none"
            raise _problem(f"'{method}' has no option '{name}'", has)
        try:
            values[name] = known[name].type.convert(value)
        except (ValueError, TypeError, OverflowError):
            raise _problem(f"'{name}' of '{method}' is {known[name].type.describe()}, not {value!r}", "") from None
    made: Any = declaration(**values)
    try:
        made.check()
    except ValueError as error:
        raise _problem(str(error), "") from None
    if made.uses == "features":
        raise _problem(
            f"'{method}' works on the gradients themselves, not on a Gramian", "it stands in a `balance` line"
        )
    return made


def _tasks(tasks: int | Sequence[str], numbers: Collection[str] = ()) -> tuple[BalanceTask, ...]:
    from mtl_magic.balance._base import BalanceTask

    names = [str(i) for i in range(tasks)] if isinstance(tasks, int) else list(tasks)
    if not names:
        raise _problem("there is no task", "tasks=2, or their names")
    return tuple(
        BalanceTask(name, classification=name not in numbers and str(i) not in numbers) for i, name in enumerate(names)
    )


def _square(gramian: Any, k: int | None) -> np.ndarray:
    import numpy as np

    given = np.asarray(gramian, "float64")
    k = len(given) if k is None and given.ndim else k
    if given.shape != (k, k) or not k:
        raise _problem(f"the Gramian has the shape {given.shape}", f"J @ J.T of {k or 'K'} gradients is square")
    with np.errstate(invalid="ignore", over="ignore"):
        sizes = np.sqrt(np.abs(given.diagonal()))
        skewed = np.abs(given - given.T) > 1e-4 * np.outer(sizes, sizes)
    if skewed.any():
        raise _problem("the Gramian is not symmetric", "it is J @ J.T")
    return given


def _evidence(losses: Any, active: Any, step: Any, gramian: Any) -> Any:
    from mtl_magic.balance._base import Evidence

    return Evidence(losses, losses, active, step, gramian)


def _tensors(state: State) -> State:
    import tensorflow as tf

    return {name: tf.constant(value) for name, value in state.items()}


def _problem(message: str, hint: str) -> MtlError:
    return MtlError(Problem("MTL470", message, hint=hint), "")
