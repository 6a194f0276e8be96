"""Training: one compiled step, our own loop, events out, commands in."""
