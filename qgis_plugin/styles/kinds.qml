<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22" styleCategories="Symbology">
  <pipe>
    <rasterrenderer type="paletted" band="1" opacity="1" alphaBand="3">
      <colorPalette>
        <paletteEntry value="1" color="#2a3a44" alpha="255" label="water"/>
        <paletteEntry value="2" color="#2f3a1c" alpha="255" label="wood"/>
        <paletteEntry value="3" color="#55632f" alpha="255" label="field"/>
        <paletteEntry value="4" color="#8c725b" alpha="255" label="bare"/>
        <paletteEntry value="5" color="#8a8178" alpha="255" label="town"/>
        <paletteEntry value="6" color="#e6eaee" alpha="255" label="snow"/>
      </colorPalette>
    </rasterrenderer>
  </pipe>
</qgis>
