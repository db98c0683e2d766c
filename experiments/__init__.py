"""What we ask of the market: scenarios, runs, comparison, diagnostics, reports and the command line."""
