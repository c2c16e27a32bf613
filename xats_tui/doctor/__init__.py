"""What may keep xats-tui from working on this machine, looked at piece by piece, each finding with its remedy.

Nothing of the user's is changed by it: what has to be tried is tried in a folder, a tmux server and a coordinator of
its own, which are gone afterwards.  It does not know how findings are shown.
"""
