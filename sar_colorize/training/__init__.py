"""Training of the networks that colorize, and of the one that filters speckle."""
