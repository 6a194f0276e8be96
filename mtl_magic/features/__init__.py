"""Feature kinds: one declaration a file. Light; Keras is reached only when a feature is built."""
