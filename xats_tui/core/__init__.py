"""Records, errors, events and the clock: what every other package may import.

Nothing here does I/O or imports another package of the project.
"""
