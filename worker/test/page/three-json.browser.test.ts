/**
 * What three's toJSON() writes comes out as three draws it.
 *
 * @module-tag heavy
 */
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
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codes, hueAt, taken as takenBy } from './converted.ts';
import { type SceneSource, TestPage } from './test-page.ts';

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

const taken = (files: SceneSource, camera?: string, frameNumber?: number) => takenBy(page, files, camera, frameNumber);

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

  it.each([
    [
      'segments',
      { geometries: [{ type: 'SphereGeometry', widthSegments: 1e5, heightSegments: 1e5 }] },
      'scene.over_limit',
    ],
    [
      'nested segments',
      { geometries: [{ type: 'ExtrudeGeometry', shapes: [], options: { steps: 1e6, curveSegments: 1e6 } }] },
      'scene.over_limit',
    ],
    ['segments as text', { geometries: [{ type: 'SphereGeometry', widthSegments: '1e9' }] }, 'scene.invalid'],
    ['faces of a polyhedron', { geometries: [{ type: 'IcosahedronGeometry', detail: 1e4 }] }, 'scene.over_limit'],
    ['instances', { object: { type: 'Group', children: [{ type: 'InstancedMesh', count: 1e9 }] } }, 'scene.over_limit'],
    ['room for instances', { object: { type: 'BatchedMesh', maxVertexCount: '9' } }, 'scene.invalid'],
  ])('is refused for %s that would be made of a few numbers', async (_, part, code) => {
    const json = { metadata: { type: 'Object' }, object: { type: 'Group' }, ...part };
    const { result } = await page.import({ 'a.json': JSON.stringify(json) });
    expect(result).toMatchObject({ outcome: 'refused', refusal: { code } });
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
