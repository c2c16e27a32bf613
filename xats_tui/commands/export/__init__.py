"""`xats-tui export`: a report of a span of time as Markdown, HTML or JSON, written as it is read."""
