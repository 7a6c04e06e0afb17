"""What the ground looked like: optical pictures of a place."""
