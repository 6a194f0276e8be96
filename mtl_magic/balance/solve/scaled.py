"""A Gramian made ready to be solved with: the active tasks' cosines and norms, apart from one another.

Gradients of tasks differ by orders of magnitude, and a Gramian squares that. With G = D C D, D = diag(norms), a problem in
w becomes one in u = D w whose matrix C has ones on its diagonal whatever the norms are. The K×K problem is in float64: it
costs nothing beside the gradients, and then the answer is as exact as the Gramian's entries.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

RIDGE = {"float64": 1e-13, "float32": 1e-6}  # least eigenvalue of C, by what the Gramian's entries are exact to
RANK = {"float64": 1e-14, "float32": 1e-6}  # an eigenvalue of G below this part of the largest is nought


@dataclasses.dataclass(frozen=True)
class Scaled:
    """The problem of the active tasks; all tensors float64.

    Inactive tasks have norm 1 and are orthogonal to all others, so that nothing they do reaches another.
    """

    cosines: Any  # (K, K), eigenvalues at least the ridge
    norms: Any  # (K,)
    active: Any  # (K,) 1 where the task is active and has a gradient, else 0
    count: Any  # () number of those, at least 1
    values: Any  # (K,) eigenvalues of the cosines as they are, at least 0
    vectors: Any  # (K, K) their eigenvectors, in columns
    tolerance: float  # an eigenvalue of the cosines below this part of the largest is nought
    rank: float  # the same for G itself, whose eigenvalues are as far apart as squared norms
    nought: float  # a combination of unit gradients that is shorter than this is 0

    def factors(self) -> tuple[Any, Any, Any]:
        """Eigenvalues (K,), eigenvectors (K, K) of G itself, and which of them are not nought (K,) bool.

        They are the squared singular values of D V √Λ, where C = V Λ Vᵀ: of G formed as it is, the small ones would be
        lost in the rounding of the large ones.
        """
        import tensorflow as tf

        root = (self.norms * self.active)[:, None] * self.vectors * tf.sqrt(self.values)[None, :]
        singular, left, _ = tf.linalg.svd(root)
        values = singular**2
        return values, left, values > self.rank * tf.reduce_max(values)

    def pseudo_inverse_times(self, right: Any) -> Any:
        """G⁺ r for r (K,), over the active tasks: (K,)."""
        import tensorflow as tf

        values, vectors, kept = self.factors()
        inverse = tf.where(kept, 1 / tf.where(kept, values, 1.0), 0.0)
        return self.active * tf.linalg.matvec(vectors, inverse * tf.linalg.matvec(vectors, right, transpose_a=True))


def scaled(gramian: Any, active: Any) -> Scaled:
    """Norms and cosines of the tasks that are active and have a finite gradient that is not 0.

    Args:
        gramian: G (K, K), float32 or float64.
        active: (K,) bool.
    """
    import tensorflow as tf

    name = gramian.dtype.name
    exact = tf.cast(gramian, tf.float64)
    squares = tf.linalg.diag_part(exact)
    # Of norms whose products would leave the range of float64 nothing good comes.
    good = tf.logical_and(active, tf.logical_and(squares > 1e-140, squares < 1e140))
    norms = tf.sqrt(tf.where(good, squares, 1.0))
    both = tf.logical_and(good[:, None], good[None, :])
    cosines = exact / (norms[:, None] * norms[None, :])
    cosines = tf.where(tf.logical_and(both, tf.math.is_finite(cosines)), tf.clip_by_value(cosines, -1.0, 1.0), 0.0)
    cosines = tf.linalg.set_diag(0.5 * (cosines + tf.transpose(cosines)), tf.ones_like(norms))
    values, vectors = tf.linalg.eigh(cosines)
    cosines = tf.matmul(vectors * tf.maximum(values, RIDGE[name])[None, :], vectors, transpose_b=True)
    mask = tf.cast(good, tf.float64)
    return Scaled(
        cosines=0.5 * (cosines + tf.transpose(cosines)),
        norms=norms,
        active=mask,
        count=tf.maximum(tf.reduce_sum(mask), 1.0),
        values=tf.maximum(values, 0.0),
        vectors=vectors,
        tolerance=10 * RIDGE[name],
        rank=RANK[name],
        nought=2 * math.sqrt(RIDGE[name]),
    )
