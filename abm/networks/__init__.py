"""The networks over which fear travels."""
