"""Dated rule sets of real venues as TOML files with their sources, and the loader that checks them."""

from abm.venues.presets.loader import load_preset, load_venue, preset_names

__all__ = ["load_preset", "load_venue", "preset_names"]
