"""Dated rule sets of real venues as TOML files with their sources, and the loader that checks them."""

from abm.venues.presets.loader import VenueNotes, load_preset, load_venue, preset_names, preset_notes

__all__ = ["VenueNotes", "load_preset", "load_venue", "preset_names", "preset_notes"]
