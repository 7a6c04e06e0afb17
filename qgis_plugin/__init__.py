"""SAR Colorize in the QGIS toolbox: drives the installed `sar-colorize`; needs only PyQGIS and the standard library."""


def classFactory(iface):
    """The plugin; `iface` is None outside the desktop."""
    from .plugin import Plugin

    return Plugin(iface)
