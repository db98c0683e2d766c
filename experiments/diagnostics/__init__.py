"""Diagnostics of a crash: the same numbers and the same reading for real bars and for simulated runs."""
