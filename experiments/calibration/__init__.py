"""Calibration by simulated moments: free parameters, target bands, common random numbers."""
