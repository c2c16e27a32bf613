"""A captured terminal screen as a grid of styled cells, and the signs that readers look for in it."""
