"""Small problems of K unknowns that the methods have in common, solved in float64 with shapes that never change."""
