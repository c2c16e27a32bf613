"""Details: the full text of an agent, message, wake, task, contract or activity entry; one file for each noun.

Pure functions of the snapshot.  Text is styled by names of the theme, so it follows a change of theme; foreign text is
never read as markup.
"""
