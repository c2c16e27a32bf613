"""Repair, salvage and retention of the database."""
