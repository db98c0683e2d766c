"""The report of a comparison: figures, sentences made from the numbers, one self-contained page."""
