"""Finished (or stopped) trainings: the Run, its folder on disk, its report."""

from mtl_magic.runs.run import Run

__all__ = ["Run"]
