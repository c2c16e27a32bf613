"""`xats-tui client`: the agent programs that are known, what is seen on their screens, and trials of manifests."""
