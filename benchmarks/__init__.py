"""Benchmarks, run with `make bench`; each starts the programs that it needs and ends them."""
