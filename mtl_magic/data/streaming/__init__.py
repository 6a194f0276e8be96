"""Tables larger than memory: read by record batches, counted in one pass, encoded to files in a second one."""
