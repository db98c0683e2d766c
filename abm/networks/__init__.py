"""The networks over which fear and defaults travel."""
