"""Optical mosaics on the network: the part that a scene needs, as one local file. Nothing here asks without being told.

consent                                  may the network be asked
sources -> extent -> plan                what of which source a scene needs, without a request
web -> client -> ranges -> mosaic        HTTP, byte ranges, a file of ranges for GDAL, tiles on one grid
dates                                    of a mosaic with seasons, from its bucket
cache -> fetch                           one local file, kept and verified
"""
