<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22" styleCategories="Symbology">
  <pipe>
    <rasterrenderer type="singlebandpseudocolor" band="1" opacity="1" alphaBand="3" classificationMin="0" classificationMax="100">
      <rastershader>
        <colorrampshader colorRampType="INTERPOLATED" classificationMode="1" clip="0" minimumValue="0" maximumValue="100">
          <item value="0" color="#f4f1e8" alpha="255" label="0 % (predicted)"/>
          <item value="33.3" color="#9fc8c6" alpha="255" label="33 %"/>
          <item value="66.7" color="#3c8f93" alpha="255" label="67 %"/>
          <item value="100" color="#12525f" alpha="255" label="100 % (as in the reference)"/>
        </colorrampshader>
      </rastershader>
    </rasterrenderer>
  </pipe>
</qgis>
