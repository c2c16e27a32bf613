"""`python -m documentation` writes what is generated in docs/: blocks of its pages, and the pictures of the screens.

It reads the program and the accepted snapshots, and is no part of the wheel.
"""
