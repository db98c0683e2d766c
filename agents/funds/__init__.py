"""Parts of cross-margin funds: what they are like, what they remember, their books, their orders."""
