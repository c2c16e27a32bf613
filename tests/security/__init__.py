"""What somebody hostile on this machine, or in a page of a browser, gets: no more than docs/security.md says."""
