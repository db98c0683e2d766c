"""Measures of series, books and events."""
