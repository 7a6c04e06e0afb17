"""Speckle filters on simulated ground and on real dates."""
