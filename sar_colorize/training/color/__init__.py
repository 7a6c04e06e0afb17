"""Training of the networks that colorize."""
