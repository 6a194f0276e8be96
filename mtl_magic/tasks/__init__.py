"""Task kinds, with their losses and metrics: one declaration a file. Light; Keras is reached only when a head is built."""
