"""The report of a comparison as a folder with one HTML page."""
