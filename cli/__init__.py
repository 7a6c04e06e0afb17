"""The command line, installed as the package sar_colorize_cli; it knows only `sar_colorize.api`."""
