"""Which diagnostics tell a macro repricing from a microstructure cascade: many runs of both families."""
