"""Rules of venues: margin, marks, funding, liquidation, ADL, fees, halts; one idea a file."""
