"""Networks, each with its painter; their cards, weights and registry."""
