"""Edges between heads (`given`): one declaration a file."""
