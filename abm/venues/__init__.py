"""Venues: rules bundled under a name, the way in and out of their books, and their risk engine."""
