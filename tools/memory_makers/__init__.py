"""The two parts of `tools/make_memory.py`."""
