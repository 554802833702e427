/** Scenes that were damaged by chance: whatever happens to them, the page says something and goes on. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GltfBuilder, glb, layeredScene } from './glb.ts';
import { png } from './png.ts';
import { type SceneSource, TestPage } from './test-page.ts';

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page.close());

/** The refusal's code, or `ready`. */
async function verdict(files: SceneSource): Promise<string> {
  const { result } = await page.import(files, 32);
  return result.outcome === 'ready' ? 'ready' : result.refusal.code;
}

const whole = Buffer.from(layeredScene());
const jsonEnd = 20 + whole.readUInt32LE(12);
const some = (from: number, to: number, count: number) =>
  Array.from({ length: count }, (_, i) => Math.floor(from + ((to - from) * i) / count));
/** Around every boundary, and places all over the rest. */
const cuts = [0, 3, 11, 12, 19, 20, jsonEnd, jsonEnd + 7, ...some(21, whole.length, 5), whole.length - 1];

it('refuses a GLB that is cut off at any byte', async () => {
  for (const length of cuts) {
    const code = await verdict({ 'scene.glb': whole.subarray(0, length) });
    expect([length, code]).toEqual([length, length === 0 ? 'scene.empty_file' : 'scene.bad_container']);
  }
});

it('refuses a GLB that is cut off and says so in its header', async () => {
  for (const length of cuts.filter((cut) => cut >= 12).filter((_, i) => i % 2 === 0)) {
    const bytes = Buffer.from(whole.subarray(0, length));
    bytes.writeUInt32LE(length, 8);
    expect([length, await verdict({ 'scene.glb': bytes })]).toEqual([length, expect.stringMatching(/^scene\./)]);
  }
});

it('refuses buffers and images beside the glTF that are cut off', async () => {
  const gltf = new GltfBuilder();
  gltf.rest.images = [{ uri: 'wood.png' }];
  gltf.rest.textures = [{ source: 0 }];
  gltf.node({ mesh: gltf.square(gltf.material({ pbrMetallicRoughness: { baseColorTexture: { index: 0 } } })) });
  const json = { ...gltf.json(), buffers: [{ uri: 'all.bin', byteLength: gltf.bin.length }] };
  const image = await png(32, 32, '#abcdef');
  const files = (bin: Uint8Array, picture: Uint8Array) => ({
    'scene.gltf': JSON.stringify(json),
    'all.bin': bin,
    'wood.png': picture,
  });
  expect(await verdict(files(gltf.bin, image))).toBe('ready');
  for (const length of [0, 1, gltf.bin.length - 1]) {
    const code = length === 0 ? 'scene.empty_file' : 'scene.invalid';
    expect([length, await verdict(files(gltf.bin.subarray(0, length), image))]).toEqual([length, code]);
  }
  for (const length of [0, 8, 20, 50]) {
    const code = length === 0 ? 'scene.empty_file' : 'scene.invalid';
    expect([length, await verdict(files(gltf.bin, image.subarray(0, length)))]).toEqual([length, code]);
  }
});

it('takes or refuses a GLB with changed bytes, and never fails', async () => {
  const seed = 20_260_701;
  const random = mulberry32(seed);
  for (let round = 0; round < 15; round += 1) {
    const bytes = Buffer.from(whole);
    const changes = 1 + Math.floor(random() * 4);
    for (let i = 0; i < changes; i += 1)
      bytes[20 + Math.floor(random() * (bytes.length - 20))] = Math.floor(random() * 256);
    const code = await verdict({ 'scene.glb': bytes }).catch((error: Error) => error.message);
    expect(code, `seed ${seed}, round ${round}`).toMatch(/^(ready|scene\.[a-z_]+)$/);
  }
});

it('takes or refuses glTF with values that nobody expects, and never fails', async () => {
  const odd = [null, -1, 1e300, 0.5, '', 'x', [], {}, true, [null], [[[]]], { index: -1 }, 4_294_967_296];
  const json = new GltfBuilder();
  json.node({ mesh: json.square(json.unlit([1, 0, 0])), translation: [0, 0, 0] });
  const text = JSON.stringify(json.json());
  const paths = pathsOf(JSON.parse(text)).filter((path) => path.length > 0);
  const random = mulberry32(7);
  for (let round = 0; round < 25; round += 1) {
    const path = paths[Math.floor(random() * paths.length)] ?? [];
    const value = odd[Math.floor(random() * odd.length)];
    const changed: unknown = JSON.parse(text);
    const parent = path.slice(0, -1).reduce<unknown>((at, key) => Reflect.get(Object(at), key), changed);
    Reflect.set(Object(parent), path.at(-1) ?? '', value);
    const code = await verdict({ 'scene.glb': glb(changed, json.bin) }).catch((error: Error) => error.message);
    expect(code, `${path.join('/')} = ${JSON.stringify(value)}`).toMatch(/^(ready|scene\.[a-z_]+)$/);
  }
});

it('reports no text that could not be stored, and no endless list', async () => {
  const gltf = new GltfBuilder();
  gltf.node({ mesh: gltf.square(gltf.unlit([1, 0, 0])) });
  gltf.rest.cameras = [{ type: 'perspective', perspective: { yfov: 1, znear: 0.1 } }];
  for (let i = 0; i < 1_500; i += 1) gltf.node({ name: 'same \u0000 \ud800 name', camera: 0 });
  gltf.rest.asset = { version: '2.0', generator: `\u0000${'long '.repeat(1_000)}` };
  const { result } = await page.import({ 'scene.glb': gltf.build() }, 32);
  if (result.outcome !== 'ready') throw new Error(result.refusal.message);
  const { cameras, generator, findings } = result.report;
  expect(cameras).toHaveLength(1_000);
  expect(new Set(cameras.map(({ name }) => name)).size).toBe(1_000);
  expect(cameras.every(({ name }) => /^same {2}name(-\d+)?$/.test(name.replace(/ {3}/, '  ')))).toBe(true);
  expect(generator?.length).toBeLessThanOrEqual(200);
  expect(JSON.stringify(result.report)).not.toMatch(/\\u0000|\\ud800/);
  expect(findings.map(({ code }) => code)).toContain('LIST_CUT');
});

/** Every place of a JSON value, as keys from its root. */
function pathsOf(value: unknown, at: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, part]) => pathsOf(part, [...at, key]))];
}

/** A small pseudo-random generator, 0 to 1, the same on every machine (Tommy Ettinger's Mulberry32). */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
