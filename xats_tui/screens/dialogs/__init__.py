"""Dialogs and forms that open above a mode."""
