"""Doctor: checks everything on this machine that xats-tui depends on; every finding comes with a fix.

Nothing of the user's is changed: trials run in a folder, a tmux server and a coordinator of their own, which are
removed afterwards.  The checks do not know how findings are shown.
"""
