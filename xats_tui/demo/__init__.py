"""The demo: a team of stand-ins in a tmux server of its own, with a dashboard before them.

It drives the real program from outside, as agents and a person do; nothing of the coordinator is done here.
"""
