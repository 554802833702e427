/**
 * Formats of whole scenes (Collada, USD, FBX): what is in them comes out as it was meant, in metres, y up.
 *
 * @module-tag heavy
 */
import { strToU8, zipSync } from 'three/addons/libs/fflate.module.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codes, hueAt, taken as takenBy, twoColors, upper } from './converted.ts';
import { type SceneSource, TestPage } from './test-page.ts';

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

const taken = (files: SceneSource, camera?: string, frameNumber?: number) => takenBy(page, files, camera, frameNumber);

describe('Collada', () => {
  const dae = (asset: string, image = 'two.png') => `<?xml version="1.0"?>
<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" version="1.4.1"><asset>${asset}</asset>
<library_images><image id="img"><init_from>${image}</init_from></image></library_images>
<library_effects><effect id="fx"><profile_COMMON>
<newparam sid="sur"><surface type="2D"><init_from>img</init_from></surface></newparam>
<newparam sid="sam"><sampler2D><source>sur</source></sampler2D></newparam>
<technique sid="c"><lambert><diffuse><texture texture="sam" texcoord="uv"/></diffuse></lambert></technique>
</profile_COMMON></effect></library_effects>
<library_materials><material id="mat"><instance_effect url="#fx"/></material></library_materials>
<library_lights><light id="lamp"><technique_common><point><color>1 1 1</color></point></technique_common></light></library_lights>
<library_geometries><geometry id="geo"><mesh>
<source id="p"><float_array id="pa" count="12">-1 0 0 1 0 0 1 0 2 -1 0 2</float_array><technique_common><accessor source="#pa" count="4" stride="3"><param name="X" type="float"/><param name="Y" type="float"/><param name="Z" type="float"/></accessor></technique_common></source>
<source id="t"><float_array id="ta" count="8">0 0 1 0 1 1 0 1</float_array><technique_common><accessor source="#ta" count="4" stride="2"><param name="S" type="float"/><param name="T" type="float"/></accessor></technique_common></source>
<vertices id="v"><input semantic="POSITION" source="#p"/></vertices>
<triangles count="2" material="m"><input semantic="VERTEX" source="#v" offset="0"/><input semantic="TEXCOORD" source="#t" offset="1" set="0"/><p>0 0 1 1 2 2 0 0 2 2 3 3</p></triangles>
</mesh></geometry></library_geometries>
<library_animations><animation id="an">
<source id="ti"><float_array id="tia" count="2">0 1</float_array><technique_common><accessor source="#tia" count="2" stride="1"><param name="TIME" type="float"/></accessor></technique_common></source>
<source id="to"><float_array id="toa" count="2">0 10</float_array><technique_common><accessor source="#toa" count="2" stride="1"><param name="Z" type="float"/></accessor></technique_common></source>
<sampler id="sa"><input semantic="INPUT" source="#ti"/><input semantic="OUTPUT" source="#to"/></sampler>
<channel source="#sa" target="quad/move.Z"/></animation></library_animations>
<library_visual_scenes><visual_scene id="scene">
<node id="quad" name="quad"><translate sid="move">0 0 0</translate><instance_geometry url="#geo"><bind_material><technique_common><instance_material symbol="m" target="#mat"><bind_vertex_input semantic="uv" input_semantic="TEXCOORD" input_set="0"/></instance_material></technique_common></bind_material></instance_geometry></node>
<node id="light" name="light"><translate>0 -50 1</translate><instance_light url="#lamp"/></node>
</visual_scene></library_visual_scenes><scene><instance_visual_scene url="#scene"/></scene></COLLADA>`;
  const inches =
    '<contributor><authoring_tool>By hand</authoring_tool></contributor><unit meter="0.0254"/><up_axis>Z_UP</up_axis>';

  it('is turned and scaled as it says, with texture, clip and a light that shows something', async () => {
    const files = { 'a.dae': dae(inches, 'file:///C:/art/two.png'), 'two.png': await twoColors('png') };
    const { report, picture } = await taken(files);
    expect(report).toMatchObject({ generator: 'By hand', lights: 1, clips: [{ durationSec: 1 }] });
    expect(report.source).toMatchObject({
      metresPerUnit: 0.0254,
      unitSaidBy: 'file',
      upAxis: 'z',
      upAxisSaidBy: 'file',
    });
    expect(report.bounds.max[1]).toBeCloseTo(2 * 0.0254);
    expect(codes(report)).toEqual(['LIGHTS_REBALANCED']);
    const drawn = Array.from({ length: 64 }, (_, y) => hueAt(picture, 0.5, y / 63)).filter((hue) => hue !== null);
    expect(drawn).toContain('red');
    expect(drawn.indexOf('red')).toBeLessThan(drawn.indexOf('blue'));
  });

  it('is in metres and y up where it says nothing', async () => {
    const { report } = await taken({ 'a.dae': dae('') });
    expect(report.source).toMatchObject({
      metresPerUnit: 1,
      unitSaidBy: 'format',
      upAxis: 'y',
      upAxisSaidBy: 'format',
    });
    expect(codes(report)).toContain('MISSING_IMAGE');
  });
});

describe('USD', () => {
  const usda = (header: string, image: string) => `#usda 1.0
(
    defaultPrim = "Root"
    ${header}
)
def Xform "Root"
{
    def Mesh "Quad" (
        prepend apiSchemas = ["MaterialBindingAPI"]
    )
    {
        int[] faceVertexCounts = [4]
        int[] faceVertexIndices = [0, 1, 2, 3]
        point3f[] points = [(-100, 0, 0), (100, 0, 0), (100, 0, 200), (-100, 0, 200)]
        texCoord2f[] primvars:st = [(0, 0), (1, 0), (1, 1), (0, 1)] (
            interpolation = "vertex"
        )
        rel material:binding = </Root/Mat>
    }
    def Material "Mat"
    {
        token outputs:surface.connect = </Root/Mat/Surface.outputs:surface>
        def Shader "Surface"
        {
            uniform token info:id = "UsdPreviewSurface"
            color3f inputs:diffuseColor.connect = </Root/Mat/Tex.outputs:rgb>
            token outputs:surface
        }
        def Shader "Tex"
        {
            uniform token info:id = "UsdUVTexture"
            asset inputs:file = @${image}@
            float2 inputs:st.connect = </Root/Mat/Reader.outputs:result>
            float3 outputs:rgb
        }
        def Shader "Reader"
        {
            uniform token info:id = "UsdPrimvarReader_float2"
            string inputs:varname = "st"
            float2 outputs:result
        }
    }
}
`;
  const header = 'metersPerUnit = 0.01\n    upAxis = "Z"';

  it.each(['package', 'text with its image beside it'])(
    'is turned, scaled and textured as it says, as a %s',
    async (kind) => {
      const image = await twoColors('png');
      const text = usda(header, './tex/two.png');
      const packed = zipSync({ 'a.usda': strToU8(text), 'tex/two.png': new Uint8Array(image) }, { level: 0 });
      const { report, picture } = await taken(
        kind === 'package' ? { 'a.usdz': packed } : { 'a.usda': text, 'tex/two.png': image },
      );
      expect(report.source).toMatchObject({
        metresPerUnit: 0.01,
        unitSaidBy: 'file',
        upAxis: 'z',
        upAxisSaidBy: 'file',
      });
      expect(report.bounds.max[1]).toBeCloseTo(2);
      expect(report.textures).toHaveLength(1);
      const drawn = Array.from({ length: 64 }, (_, y) => hueAt(picture, 0.5, y / 63)).filter((hue) => hue !== null);
      expect(drawn.indexOf('red')).toBeLessThan(drawn.indexOf('blue'));
      expect(drawn).toContain('red');
    },
  );
});

describe('FBX', () => {
  const fbx = (settings: string, content = '') => `; FBX 7.4.0 project file
FBXHeaderExtension:  {
	FBXVersion: 7400
	Creator: "By hand"
}
GlobalSettings:  {
	Version: 1000
	Properties70:  {
${settings}	}
}
Objects:  {
	Geometry: 1, "Geometry::", "Mesh" {
		Vertices: *12 {
			a: -100,0,0,100,0,0,100,200,0,-100,200,0
		}
		PolygonVertexIndex: *4 {
			a: 0,1,2,-4
		}
		LayerElementUV: 0 {
			Version: 101
			Name: "UVMap"
			MappingInformationType: "ByPolygonVertex"
			ReferenceInformationType: "IndexToDirect"
			UV: *8 {
				a: 0,0,1,0,1,1,0,1
			}
			UVIndex: *4 {
				a: 0,1,2,3
			}
		}
		LayerElementMaterial: 0 {
			Version: 101
			Name: ""
			MappingInformationType: "AllSame"
			ReferenceInformationType: "IndexToDirect"
			Materials: *1 {
				a: 0
			}
		}
	}
	Model: 2, "Model::Quad", "Mesh" {
		Version: 232
	}
	Material: 3, "Material::Two", "" {
		Version: 102
		ShadingModel: "lambert"
	}
	Video: 5, "Video::two", "Clip" {
		Type: "Clip"
		Filename: "C:\\art\\Two.png"
		RelativeFilename: "..\\art\\Two.png"
${content}	}
	Texture: 4, "Texture::two", "" {
		Type: "TextureVideoClip"
		FileName: "C:\\art\\Two.png"
		RelativeFilename: "..\\art\\Two.png"
	}
}
Connections:  {
	C: "OO",2,0
	C: "OO",1,2
	C: "OO",3,2
	C: "OP",4,3, "DiffuseColor"
	C: "OO",5,4
}
`;
  const property = (name: string, type: string, value: number) =>
    `\t\tP: "${name}", "${type}", "Integer", "",${value}\n`;

  it('is scaled as it says, with a texture that it names by a path of another machine', async () => {
    const files = {
      'a.fbx': fbx(property('UpAxis', 'int', 1) + property('UnitScaleFactor', 'double', 100)),
      'tex/two.png': await twoColors('png'),
    };
    const { report, picture } = await taken(files);
    expect(report.source).toMatchObject({ metresPerUnit: 1, unitSaidBy: 'file', upAxis: 'y', upAxisSaidBy: 'file' });
    expect(report.generator).toBe('By hand');
    expect(report.bounds.max).toEqual([100, 200, 0]);
    expect(upper(picture)).toEqual(['red', 'blue']);
  });

  it('has the textures that are embedded in it', async () => {
    const image = await twoColors('png');
    const content = `\t\tContent: ,\n\t\t\t"${image.toString('base64')}"\n`;
    const { report, picture } = await taken({ 'a.fbx': fbx('', content) });
    expect(codes(report)).toEqual([]);
    expect(upper(picture)).toEqual(['red', 'blue']);
  });

  it('is in centimetres and y up where it says nothing, and turned where it says z', async () => {
    const { report } = await taken({ 'a.fbx': fbx('') });
    expect(report.source).toMatchObject({
      metresPerUnit: 0.01,
      unitSaidBy: 'format',
      upAxis: 'y',
      upAxisSaidBy: 'format',
    });
    expect(report.bounds.max[1]).toBeCloseTo(2);
    const turned = await taken({ 'a.fbx': fbx(property('UpAxis', 'int', 2)) });
    expect(turned.report.source).toMatchObject({ upAxis: 'z', upAxisSaidBy: 'file' });
    expect(turned.report.bounds.min[2]).toBeCloseTo(-2);
  });
});
