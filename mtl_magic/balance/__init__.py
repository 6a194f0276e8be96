"""Balancing methods: one declaration a file, mathematics only."""
