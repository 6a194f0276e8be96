"""Program and Schema to a Keras model, cut at the shared representation into trunk and heads."""
