import numpy as np

from mtl_magic.dashboard.ring import Ring
from mtl_magic.dashboard.rows import Row


def test_it_never_grows_past_its_bound_and_keeps_the_best_and_the_last():
    ring = Ring(64)
    for step in range(1, 100_001):
        ring.append(Row(step, [step / 2], best=step == 777))
        if step % 997 == 0:
            assert len(ring.rows()) <= 66
    steps = ring.rows()[:, 0]
    assert 777 in steps
    assert steps[-1] == 100_000
    assert len(steps) > 32  # a curve still
    assert (np.diff(steps) > 0).all()
    gaps = np.diff([s for s in steps if s not in (777, 100_000)])
    assert gaps.max() <= 2 * gaps.min()  # evenly thinned


def test_two_that_hear_the_same_keep_the_same():
    one, other = Ring(50), Ring(50)
    for step in range(1, 5000):
        one.append(Row(step, [1.0]))
        other.append(Row(step, [1.0]))
        one.rows()  # looking changes nothing
    np.testing.assert_array_equal(one.rows(), other.rows())


def test_a_row_of_the_same_step_takes_the_place_and_an_earlier_one_is_left_out():
    ring = Ring(8)
    for step, value in ((1, 1.0), (2, 2.0), (2, 3.0), (1, 9.0)):
        ring.append(Row(step, [value]))
    assert ring.rows().tolist() == [[1, 1], [2, 3]]


def test_a_later_best_takes_the_place_of_the_earlier_one():
    ring = Ring(4)
    for step in range(1, 1000):
        ring.append(Row(step, [0.0], best=step in (501, 503)))
    assert 503 in ring.rows()[:, 0]
    assert 501 not in ring.rows()[:, 0]


def test_rows_of_another_width_begin_anew():
    ring = Ring(8)
    ring.append(Row(5, [1.0]))
    ring.append(Row(1, [1.0, 2.0]))
    assert ring.rows().tolist() == [[1, 1, 2]]


def test_a_limit_keeps_the_ends():
    ring = Ring(512)
    for step in range(1, 401):
        ring.append(Row(step, [0.0], best=step == 200))
    rows = ring.rows(10)
    assert len(rows) <= 12
    assert {1.0, 200.0, 400.0} <= set(rows[:, 0])
