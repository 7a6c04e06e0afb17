"""Pictures of the ground and radar scenes on the network: the part that is needed. Nothing asks without consent.

consent                                  may the network be asked
sources, catalogues -> extent -> plan    what of which source a scene needs, without a request
web -> client -> ranges -> warp          HTTP, byte ranges, a file of ranges for GDAL, its bands on a grid
search                                   any STAC API
dates, mosaic; stac, clear -> content    tiles of a mosaic; acquisitions, and the median of what is clear in them
cache, absence -> fetch                  one local file, kept and verified; what is not there
passes                                   scenes of Sentinel-1 over a place and a time
product -> sparse -> archive -> radar    a product's files, parts of one at their places, an archive, a scene
"""
