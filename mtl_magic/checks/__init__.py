"""Checks before training: what the data shows to be no mistake, and yet seldom what a person means."""

from mtl_magic.checks.run import run_checks

__all__ = ["run_checks"]
