"""Parts of leveraged retail: what traders are like, how they enter, what they do while they hold, exits."""
