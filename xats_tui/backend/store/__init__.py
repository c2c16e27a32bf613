"""The database: one file a noun, and all the SQL there is.

Functions that change anything take a `Transaction`, which only `Database.write()` makes.  Functions that read take a
`Reader`: the database itself, or a transaction that has to see its own changes.
"""
