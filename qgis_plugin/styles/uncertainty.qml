<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22" styleCategories="Symbology">
  <pipe>
    <rasterrenderer type="singlebandpseudocolor" band="1" opacity="1" alphaBand="-1" classificationMin="0" classificationMax="20">
      <rastershader>
        <colorrampshader colorRampType="INTERPOLATED" classificationMode="1" clip="0" minimumValue="0" maximumValue="20">
          <item value="0" color="#0d0829" alpha="255" label="0 Lab units"/>
          <item value="5" color="#51127c" alpha="255" label="5"/>
          <item value="10" color="#b63679" alpha="255" label="10"/>
          <item value="15" color="#fb8861" alpha="255" label="15"/>
          <item value="20" color="#fcfdbf" alpha="255" label="20 or more"/>
        </colorrampshader>
      </rastershader>
    </rasterrenderer>
  </pipe>
</qgis>
