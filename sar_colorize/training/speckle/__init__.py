"""Training of the learned speckle filter."""
