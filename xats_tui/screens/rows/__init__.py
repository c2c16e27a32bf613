"""Rows of each list: pure functions of the snapshot, one file for each noun, with the columns that the cells fill."""
