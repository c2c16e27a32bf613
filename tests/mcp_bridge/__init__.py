"""The bridge, alone and in front of a coordinator."""
