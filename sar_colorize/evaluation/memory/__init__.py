"""Pictures with the memory of a place beside what they must beat."""
