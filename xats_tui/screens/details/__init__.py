"""The full text of one agent, message, wake, task, contract or act: a pure reading of the picture, one file a noun.

Styled by names of the theme, so that it follows a change of theme; foreign text is never read as markup.
"""
