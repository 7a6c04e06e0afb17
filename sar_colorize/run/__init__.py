"""Blocks scheduled: here, as a lazy array, on a cluster, and into files."""
