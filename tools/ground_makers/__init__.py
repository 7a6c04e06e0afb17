"""The parts of `tools/make_ground.py`."""
