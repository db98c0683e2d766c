"""One file for each paper whose numbers are reproduced."""
