"""Sharing topologies: one declaration a file. Light; Keras is reached only when a block is built."""
