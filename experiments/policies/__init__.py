"""Rule changes on the same seeds of the same crash: what each would have done."""
