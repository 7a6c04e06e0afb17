"""Models on pairs of radar and colour, beside what they must beat."""
