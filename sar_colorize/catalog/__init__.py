"""Pictures of the ground on the network: the part that a scene needs, as one local file. Nothing asks without consent.

consent                                  may the network be asked
sources -> extent -> plan                what of which source a scene needs, without a request
web -> client -> ranges -> warp          HTTP, byte ranges, a file of ranges for GDAL, its bands on a grid
dates, mosaic; stac, clear -> content    tiles of a mosaic; acquisitions, and the median of what is clear in them
cache -> fetch                           one local file, kept and verified
"""
