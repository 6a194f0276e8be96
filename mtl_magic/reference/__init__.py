"""The language as data and as a page, both generated from the registry: `python -m mtl_magic.reference`."""
