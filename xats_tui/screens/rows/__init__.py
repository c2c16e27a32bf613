"""The rows of each list: a pure reading of the picture, one file a noun, each with the columns that its cells fill."""
