"""Generator of docs/: the blocks of its pages that come from the code, and the pictures of the dashboard.

Run it with `python -m docs_generator`.  It reads the program and the accepted snapshots; the wheel does not contain it.
"""
