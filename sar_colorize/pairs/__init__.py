"""Pairs: radar and colour patches of the same ground, to learn from and to measure with."""
