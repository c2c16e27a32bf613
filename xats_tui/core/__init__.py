"""The ground floor: records, errors, events and the clock, which every other package may import.

Nothing here does I/O or imports another package of the project.
"""
