"""What colours a place has: from a picture of it, from the map, or the mean of all training sites."""
