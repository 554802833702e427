/** Scenes in other formats than glTF: what is in them comes out as it was meant, in metres, y up. */
import type { ImportReport } from '@kiln/shared';
import sharp from 'sharp';
import {
  AmbientLight,
  AnimationClip,
  Bone,
  BoxGeometry,
  BufferGeometry,
  Color,
  DirectionalLight,
  Float32BufferAttribute,
  Mesh,
  MeshPhongMaterial,
  MeshStandardMaterial,
  NumberKeyframeTrack,
  PerspectiveCamera,
  PlaneGeometry,
  Scene,
  Skeleton,
  SkinnedMesh,
  Sprite,
  Texture,
  Uint16BufferAttribute,
  VectorKeyframeTrack,
} from 'three';
import { strToU8, zipSync } from 'three/addons/libs/fflate.module.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decode, type Pixels } from './pixels.ts';
import { png } from './png.ts';
import { type SceneSource, TestPage } from './test-page.ts';

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

/** Imports a scene that must be taken, and draws it from the camera `camera`. */
async function taken(
  files: SceneSource,
  camera = 'auto',
  frameNumber = 0,
): Promise<{ report: ImportReport; picture: Pixels }> {
  const { result, sceneHash } = await page.import(files, 16);
  if (result.outcome === 'refused') throw new Error(`${result.refusal.code}: ${result.refusal.message}`);
  expect(result.isConverted).toBe(true);
  const settings = { camera, samples: 4, background: 'transparent' } as const;
  const { bytes } = await page.frame(sceneHash, settings, frameNumber);
  await page.client.call('unload', { sceneHash });
  return { report: result.report, picture: await decode(bytes) };
}

const codes = ({ findings }: ImportReport) => findings.map(({ code }) => code);

/** Which of red, green and blue is the strongest by far; null where none is, or nothing is drawn. */
function hueAt({ width, height, at }: Pixels, x: number, y: number): 'red' | 'green' | 'blue' | null {
  const [r = 0, g = 0, b = 0, a = 0] = at(Math.round(x * (width - 1)), Math.round(y * (height - 1)));
  if (a < 128) return null;
  const [most = 0, next = 0] = [r, g, b].toSorted((p, q) => q - p);
  if (most < next * 1.5 + 10) return null;
  return most === r ? 'red' : most === g ? 'green' : 'blue';
}

/** Red above blue. */
const twoColors = async (format: 'png' | 'jpeg' | 'webp') => {
  const red = await png(16, 8, '#ff0000');
  const image = sharp(await png(16, 16, '#0000ff')).composite([{ input: red, left: 0, top: 0 }]);
  return image.toFormat(format, { quality: 100 }).toBuffer();
};

/** A quad in the plane z = 0 whose upper half is the upper half of the image. */
const QUAD = `mtllib quad.mtl
v -1 0 0\nv 1 0 0\nv 1 2 0\nv -1 2 0
vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1
usemtl Two
f 1/1 2/2 3/3 4/4
`;
const upper = (picture: Pixels) => [hueAt(picture, 0.5, 0.4), hueAt(picture, 0.5, 0.6)];

describe('OBJ', () => {
  it.each(['png', 'jpeg', 'webp'] as const)(
    'is drawn with the textures of its library, a %s the right way up',
    async (format) => {
      const image = await twoColors(format);
      const files = {
        'a/quad.obj': QUAD,
        'a/quad.mtl': `newmtl Two\nmap_Kd .\\tex\\Two.${format}`,
        [`a/tex/two.${format}`]: image,
      };
      const { report, picture } = await taken(files);
      expect(upper(picture)).toEqual(['red', 'blue']);
      expect(report.textures).toEqual([
        { name: `Two.${format}`, widthPx: 16, heightPx: 16, mediaType: `image/${format}` },
      ]);
      expect(report.source).toMatchObject({ format: 'obj', path: 'a/quad.obj', unitSaidBy: 'assumed', upAxis: 'y' });
      expect(report.bounds).toEqual({ min: [-1, 0, 0], max: [1, 2, 0] });
    },
  );

  it('has images that glTF does not know written anew, and scaled coordinates', async () => {
    const { data, info } = await sharp(await twoColors('png'))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const tga = Buffer.alloc(18 + data.length);
    tga.set([0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, info.width, 0, info.height, 0, 24, 0x20]);
    for (let i = 0; i < data.length; i += 3) tga.set([data[i + 2] ?? 0, data[i + 1] ?? 0, data[i] ?? 0], 18 + i);
    const files = { 'q.obj': QUAD, 'quad.mtl': 'newmtl Two\nmap_Kd -s 1 2 1 two.tga', 'two.tga': tga };
    const { report, picture } = await taken(files);
    expect(report.textures[0]).toMatchObject({ mediaType: 'image/png', widthPx: 16 });
    expect([0.25, 0.42, 0.6, 0.78].map((y) => hueAt(picture, 0.5, y))).toEqual(['red', 'blue', 'red', 'blue']);
  });

  it('has an alpha map put into its colours', async () => {
    const mask = await twoColors('png').then((bytes) => sharp(bytes).extractChannel('red').png().toBuffer());
    const mtl = 'newmtl Two\nKd 0 1 0\nmap_d mask.png';
    const { report, picture } = await taken({ 'q.obj': QUAD, 'quad.mtl': mtl, 'mask.png': mask });
    expect(upper(picture)).toEqual(['green', null]);
    expect(codes(report)).toEqual([]);
  });

  it('says what is missing, and is drawn without', async () => {
    const { report } = await taken({ 'q.obj': QUAD, 'quad.mtl': 'newmtl Two\nmap_Kd http://example.com/gone.png' });
    expect(report.findings).toMatchObject([
      { severity: 'warning', code: 'MISSING_IMAGE', pointer: 'http://example.com/gone.png' },
    ]);
    const without = await taken({ 'q.obj': QUAD });
    expect(codes(without.report)).toEqual(['MISSING_MATERIALS']);
    expect(without.report.findingCounts).toMatchObject({ warning: 1, error: 0 });
  });

  it('keeps the colours of its vertices', async () => {
    const { picture } = await taken({ 'c.obj': 'v -1 0 0 1 0 0\nv 1 0 0 1 0 0\nv 0 2 0 1 0 0\nf 1 2 3' });
    expect(hueAt(picture, 0.5, 0.5)).toBe('red');
  });
});

describe('STL', () => {
  const stl =
    'solid a\nfacet normal 0 0 0\nouter loop\nvertex 0 0 0\nvertex 10 0 0\nvertex 0 0 20\nendloop\nendfacet\nendsolid a\n';

  it('is taken for millimetres, z up, and lit by what its triangles face', async () => {
    const { report } = await taken({ 'a.stl': stl });
    expect(report.source).toMatchObject({
      metresPerUnit: 0.001,
      unitSaidBy: 'assumed',
      upAxis: 'z',
      upAxisSaidBy: 'assumed',
    });
    expect(report.bounds.max[1]).toBeCloseTo(0.02);
    expect(report.bounds.max[0]).toBeCloseTo(0.01);
    expect(report.triangles).toBe(1);
  });
});

describe('PLY', () => {
  const head = (vertex: string, faces: number) =>
    `ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty float z\n${vertex}element face ${faces}\nproperty list uchar int vertex_indices\nend_header\n`;
  const color = 'property uchar red\nproperty uchar green\nproperty uchar blue\n';

  it('keeps colours of vertices', async () => {
    const { report, picture } = await taken({
      'a.ply': `${head(color, 1)}-1 0 0 0 255 0\n1 0 0 0 255 0\n0 2 0 0 255 0\n3 0 1 2\n`,
    });
    expect(hueAt(picture, 0.5, 0.5)).toBe('green');
    expect(codes(report)).toEqual(['FLAT_SHADED']);
    expect(report.bounds.max).toEqual([1, 2, 0]);
  });

  it('is points where it has no faces', async () => {
    const { report } = await taken({ 'a.ply': `${head('', 0)}-1 0 0\n1 0 0\n0 2 0\n` });
    expect(report).toMatchObject({ triangles: 0, meshes: 1 });
  });
});

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

describe('3MF', () => {
  const CORE = 'http://schemas.microsoft.com/3dmanufacturing/core/2015/02';
  const PRODUCTION = 'http://schemas.microsoft.com/3dmanufacturing/production/2015/06';
  const triangle = (id: string, x: number, more = '', resources = '') =>
    `<model unit="centimeter" xmlns="${CORE}"><resources>${resources}<object id="${id}" type="model"${more}><mesh><vertices><vertex x="${x}" y="0" z="0"/><vertex x="${x + 10}" y="0" z="0"/><vertex x="${x}" y="0" z="20"/></vertices><triangles><triangle v1="0" v2="1" v3="2"/></triangles></mesh></object></resources><build>${id === 'root' ? '<item objectid="root"/>' : ''}</build></model>`;
  const package3mf = (parts: Record<string, string>) =>
    zipSync(
      Object.fromEntries(
        Object.entries({
          '_rels/.rels':
            '<Relationships><Relationship Target="/3D/a.model" Id="r" Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>',
          ...parts,
        }).map(([name, text]) => [name, strToU8(text)]),
      ),
    );

  it('is turned and scaled as its format and unit say, with its base materials', async () => {
    const base = '<basematerials id="7"><base name="Green" displaycolor="#00FF00"/></basematerials>';
    const { report, picture } = await taken({
      'a.3mf': package3mf({ '3D/a.model': triangle('root', 0, ' pid="7" pindex="0"', base) }),
    });
    expect(report.source).toMatchObject({
      metresPerUnit: 0.01,
      unitSaidBy: 'file',
      upAxis: 'z',
      upAxisSaidBy: 'format',
    });
    expect(report.bounds.max[1]).toBeCloseTo(0.2);
    expect(hueAt(picture, 0.45, 0.6)).toBe('green');
  });

  it('has objects of the same id in several parts', async () => {
    const item = (part: string) => `<item objectid="1" p:path="/3D/Objects/${part}.model"/>`;
    const root = `<model xmlns="${CORE}" xmlns:p="${PRODUCTION}"><resources/><build>${item('b')}${item('c')}</build></model>`;
    const parts = {
      '3D/a.model': root,
      '3D/Objects/b.model': triangle('1', 0),
      '3D/Objects/c.model': triangle('1', 100),
    };
    const { report } = await taken({ 'a.3mf': package3mf(parts) });
    expect(report.triangles).toBe(2);
    expect(report.bounds.min[0]).toBeCloseTo(0);
    expect(report.bounds.max[0]).toBeCloseTo(0.11);
  });
});

describe('three.js JSON', () => {
  const scene = new Scene();
  scene.background = new Color('red');
  const box = new Mesh(new BoxGeometry(1, 1, 1), new MeshStandardMaterial({ color: 'green' }));
  box.name = 'Box';
  const hidden = new Mesh(new BoxGeometry(9, 9, 9), new MeshStandardMaterial());
  hidden.visible = false;
  const camera = new PerspectiveCamera(40, 1, 0.1, 100);
  camera.name = 'Eye';
  camera.position.set(0, 0, 5);
  const sun = new DirectionalLight('white', 3);
  sun.position.set(0, 0, 5);
  scene.add(box, hidden, camera, sun, sun.target, new AmbientLight('white', 1), new Sprite());
  scene.animations = [
    new AnimationClip('Spin', 1, [
      new NumberKeyframeTrack('Box.rotation[y]', [0, 1], [0, Math.PI / 2]),
      new NumberKeyframeTrack('Box.position[x]', [0, 1], [0, 10]),
      new NumberKeyframeTrack('Box.material.opacity', [0, 1], [0, 1]),
    ]),
  ];
  scene.updateMatrixWorld();
  const files = { 'app.json': JSON.stringify(scene.toJSON()) };

  it('is drawn as it is, with what cannot be carried said', async () => {
    const { report, picture } = await taken(files, 'Eye');
    expect(hueAt(picture, 0.5, 0.5)).toBe('green');
    expect(report).toMatchObject({ generator: 'Object3D.toJSON', lights: 1, cameras: [{ name: 'Eye', fovDeg: 40 }] });
    expect(report.source).toMatchObject({
      format: 'three',
      metresPerUnit: 1,
      unitSaidBy: 'assumed',
      upAxisSaidBy: 'format',
    });
    expect(new Set(codes(report))).toEqual(
      new Set(['TRACK_LOST', 'SETTING_LOST', 'OBJECT_LOST', 'LIGHT_LOST', 'HIDDEN_LEFT_OUT']),
    );
    expect(report.bounds.max).toEqual([0.5, 0.5, 0.5]);
  });

  it('moves in parts as three moves it', async () => {
    const { report, picture } = await taken(files, 'Eye', 12);
    expect(report.clips).toEqual([{ name: 'Spin', durationSec: 1 }]);
    // After half a second the box is at x = 5, far out of the picture.
    expect(picture.middle[3]).toBe(0);
    // After a tenth it is at x = 1 or so, turned by 9°.
    const soon = await taken(files, 'Eye', 2);
    expect(hueAt(soon.picture, 0.5, 0.5)).toBeNull();
    expect(hueAt(soon.picture, 0.72, 0.5)).toBe('green');
  });

  it.each([true, false])('has normal maps that lean where three leans them, flipped rows: %s', async (flipY) => {
    /** Brightness of a wall under a light from above, whose normals lean up or down. */
    const lit = async (green: number) => {
      const other = new Scene();
      const above = new DirectionalLight('white', 3);
      above.position.set(0, 5, 1);
      const material = new MeshStandardMaterial({ roughness: 1, normalMap: new Texture() });
      if (material.normalMap) material.normalMap.flipY = flipY;
      other.add(new Mesh(new PlaneGeometry(1, 1), material), above, above.target, camera.clone());
      other.updateMatrixWorld(true);
      const json = JSON.parse(JSON.stringify(other.toJSON()));
      const pixels = await sharp({
        create: { width: 4, height: 4, channels: 3, background: { r: 128, g: green, b: 200 } },
      })
        .png()
        .toBuffer();
      const images = [{ uuid: 'image', url: `data:image/png;base64,${pixels.toString('base64')}` }];
      const textures = json.textures.map((texture: object) => ({ ...texture, image: 'image' }));
      const { picture } = await taken({ 'a.json': JSON.stringify({ ...json, images, textures }) }, 'Eye');
      return picture.middle[0] ?? 0;
    };
    expect(await lit(220)).toBeGreaterThan((await lit(36)) + 50);
  });

  it('keeps skins and morph targets, and the clips that move them', async () => {
    const other = new Scene();
    // A shape that is made of numbers is written as those, without more attributes.
    const geometry = new BufferGeometry().copy(new BoxGeometry(1, 1, 1));
    const { count } = geometry.getAttribute('position');
    geometry.setAttribute('skinIndex', new Uint16BufferAttribute(new Array(count * 4).fill(0), 4));
    const weights = new Array(count * 4).fill(0).map((_, i) => (i % 4 === 0 ? 1 : 0));
    geometry.setAttribute('skinWeight', new Float32BufferAttribute(weights, 4));
    const bone = new Bone();
    bone.name = 'Hip';
    const skinned = new SkinnedMesh(geometry, new MeshStandardMaterial({ color: 'green' }));
    skinned.add(bone);
    skinned.bind(new Skeleton([bone]));
    const morphed = new BufferGeometry().copy(new BoxGeometry(1, 1, 1));
    // Twice as wide, as what it is and not what it differs by.
    const wide = morphed.getAttribute('position').array.map((value, i) => (i % 3 === 0 ? value * 4 : value));
    morphed.morphAttributes.position = [new Float32BufferAttribute(wide, 3)];
    const morphing = new Mesh(morphed, new MeshStandardMaterial({ color: 'blue' }));
    morphing.name = 'Wide';
    morphing.position.y = -1.5;
    other.add(skinned, morphing, camera.clone(), sun.clone());
    other.animations = [
      new AnimationClip('Go', 1, [
        new VectorKeyframeTrack('Hip.position', [0, 1], [0, 0, 0, 1.2, 0, 0]),
        new NumberKeyframeTrack('Wide.morphTargetInfluences[0]', [0, 1], [0, 1]),
      ]),
    ];
    other.updateMatrixWorld(true);
    const files = { 'a.json': JSON.stringify(other.toJSON()) };
    const { report, picture } = await taken(files, 'Eye', 0);
    expect(report).toMatchObject({ skins: 1, morphTargets: 1, clips: [{ name: 'Go', durationSec: 1 }] });
    expect(codes(report)).toEqual([]);
    expect([hueAt(picture, 0.5, 0.5), hueAt(picture, 0.5, 0.9), hueAt(picture, 0.85, 0.9)]).toEqual([
      'green',
      'blue',
      null,
    ]);
    const later = (await taken(files, 'Eye', 23)).picture;
    expect([hueAt(later, 0.4, 0.5), hueAt(later, 0.8, 0.5), hueAt(later, 0.85, 0.9)]).toEqual([null, 'green', 'blue']);
  });

  it('has older materials, and a light that looks at a target somewhere', async () => {
    const other = new Scene();
    const target = new Mesh(new BoxGeometry(1, 1, 1), new MeshPhongMaterial({ color: 'blue', shininess: 10 }));
    const light = new DirectionalLight('white', 3);
    light.position.set(3, 0, 0);
    light.target = target;
    other.add(target, light, camera.clone());
    other.updateMatrixWorld();
    const { picture } = await taken({ 'a.json': JSON.stringify(other.toJSON()) }, 'Eye');
    // The light comes from the right: the face that the camera sees gets none.
    expect(picture.middle.slice(0, 3)).toEqual([0, 0, 0]);
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
  const fbx = (settings: string) => `; FBX 7.4.0 project file
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
	}
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
