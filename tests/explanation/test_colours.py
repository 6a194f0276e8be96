import itertools

import numpy as np
import pytest

from mtl_magic.explanation.colours import DARK, LIGHT

# Machado, Oliveira & Fernandes 2009, severity 1: what a colour is to a person without one kind of cones; linear RGB
SEEN = {
    "all": np.eye(3),
    "no red": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "no green": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "no blue": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.9505, 1, 1.089])


def linear(text):
    value = np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIE L*a*b*, in which a distance of 2.3 is just seen."""
    f = np.cbrt(XYZ @ np.clip(rgb, 1e-3, 1) / WHITE)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one, other):
    a, b = sorted((float(XYZ[1] @ linear(one)), float(XYZ[1] @ linear(other))))
    return (b + 0.05) / (a + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
@pytest.mark.parametrize("eyes", SEEN)
def test_whoever_looks_can_tell_the_tasks_apart(palette, eyes):
    seen = [lab(SEEN[eyes] @ linear(c)) for c in palette]
    far = {(i, j): np.linalg.norm(seen[i] - seen[j]) for i, j in itertools.combinations(range(len(palette)), 2)}
    assert min(far.values()) > (11 if eyes == "no blue" else 13)
    assert min(d for (_, j), d in far.items() if j < 4) > (19 if eyes == "no blue" else 24)


@pytest.mark.parametrize(("palette", "page", "least"), [(LIGHT, "#ffffff", 3.0), (DARK, "#212121", 4.5)])
def test_lines_stand_out_from_the_page(palette, page, least):
    assert min(contrast(c, page) for c in palette) >= least
