"""The visualizer: watch a run, change a rule in it, fork it."""
