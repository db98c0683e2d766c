"""Parts of the social herd: what it is like, what it posts, how its members trade."""
