"""Parts of market makers: what they are like, how one instrument is quoted, what they do in a step."""
