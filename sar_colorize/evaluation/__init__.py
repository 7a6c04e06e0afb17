"""Evaluation: models on pairs, and speckle filters side by side."""
