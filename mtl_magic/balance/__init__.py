"""Balancing methods: one declaration a file, mathematics only.

`weights` and `create` give them to a loop of one's own.
"""

from mtl_magic.balance._public import Balancer, create, weights

__all__ = ["Balancer", "create", "weights"]
