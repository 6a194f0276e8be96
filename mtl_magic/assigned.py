"""Numbers that a traced graph reads each time it runs, so that another value traces nothing.

`Assigned` stands where a layer or a balancing method otherwise holds a Python number; whoever computes with such a number
takes it by `number`. Options that may be replaced so say it where they are declared (`registry.option(assigned=True)`).
"""

from __future__ import annotations

from typing import Any


class Assigned:
    """A number in a variable of its own. It is true and equal to no number: no graph may depend on its value now.

    Args:
        value: the number; whole ones are exact to 2**53.

    Example:
        >>> rate = Assigned(0.5)
        >>> rate.assign(0.25)
        >>> float(number(rate, "float32")), float(number(0.25, "float32"))
        (0.25, 0.25)
    """

    def __init__(self, value: float) -> None:
        import tensorflow as tf

        # float64, as Python's: what is computed of it before it meets a tensor has the same digits.
        self.variable = tf.Variable(value, dtype=tf.float64, trainable=False)

    def assign(self, value: float) -> None:
        self.variable.assign(value)


def number(value: float | Assigned, dtype: Any) -> Any:
    """The number as a tensor (): a constant of the graph, or what its variable holds when the graph runs."""
    import tensorflow as tf

    if isinstance(value, Assigned):
        return tf.cast(value.variable.value(), dtype)
    return tf.constant(value, dtype)
