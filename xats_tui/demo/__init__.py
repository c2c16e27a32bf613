"""Demo: a team of stand-in agents in a tmux server of its own, with a dashboard.

It drives the real program from outside, as agents and a person do; it contains no coordinator code.
"""
