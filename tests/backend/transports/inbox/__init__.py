"""Tests of the inbox transport."""
