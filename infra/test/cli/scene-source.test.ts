import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readSceneSource } from '../../src/cli/scene/scene-source.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kiln-scene-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, bytes: string | Uint8Array = 'x'): string {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), bytes);
  return join(root, path);
}
const gltf = (...uris: string[]) => JSON.stringify({ asset: { version: '2.0' }, images: uris.map((uri) => ({ uri })) });

function glb(json: string): Uint8Array {
  const text = Buffer.from(json.padEnd(Math.ceil(json.length / 4) * 4));
  const header = Buffer.alloc(20);
  for (const [index, word] of [0x46546c67, 2, 20 + text.length, text.length, 0x4e4f534a].entries())
    header.writeUInt32LE(word, index * 4);
  return Buffer.concat([header, text]);
}

test('a .gltf brings the files that it names, and no others', async () => {
  const path = put('shot/scene.gltf', gltf('a%20b.png', 'textures/c.png', 'data:image/png;base64,AAAA', 'a%20b.png'));
  put('shot/a b.png');
  put('shot/textures/c.png', 'four');
  put('shot/unused.png');
  const source = await readSceneSource(path);
  expect(source).toMatchObject({ name: 'scene', entry: 'scene.gltf' });
  expect(source.files.map(({ path, sizeBytes }) => [path, sizeBytes]).slice(1)).toEqual([
    ['a b.png', 1],
    ['textures/c.png', 4],
  ]);
});

test('a URI counts where glTF has resources, not in extras and unknown extensions', async () => {
  const extensions = { EXT_link: { uri: 'https://example.com/about' } };
  const images = [{ uri: 't.png', extras: { uri: 'source.psd' } }];
  const extras = { uri: 'https://example.com', images: [{ uri: 'gone.png' }] };
  const path = put('s.gltf', JSON.stringify({ extensions, extras, images }));
  put('t.png');
  expect((await readSceneSource(path)).files.map((file) => file.path)).toEqual(['s.gltf', 't.png']);
});

test('a .glb that names files brings them', async () => {
  const path = put('s.glb', glb(gltf('t.png')));
  put('t.png');
  expect((await readSceneSource(path)).files.map((file) => file.path)).toEqual(['s.glb', 't.png']);
});

test('a .gltf that begins with a byte order mark brings its files', async () => {
  const path = put('s.gltf', `\uFEFF${gltf('t.png')}`);
  put('t.png');
  expect((await readSceneSource(path)).files.map((file) => file.path)).toEqual(['s.gltf', 't.png']);
});

test('a damaged .glb goes to the farm as it is: the import says what is wrong', async () => {
  expect((await readSceneSource(put('s.glb', 'this is text'))).files).toHaveLength(1);
});

describe('a folder', () => {
  test('is its one scene file, wherever that lies', async () => {
    put('readme.txt');
    put('models/deep/s.gltf', gltf('../t.png'));
    put('models/t.png');
    const source = await readSceneSource(root);
    expect(source.entry).toBe('models/deep/s.gltf');
    expect(source.files.map((file) => file.path)).toEqual(['models/deep/s.gltf', 'models/t.png']);
  });

  test('prefers the scene file nearest to it', async () => {
    put('s.glb');
    put('other/t.glb');
    expect((await readSceneSource(root)).entry).toBe('s.glb');
  });

  test('with two scene files is refused, naming them', async () => {
    put('a.glb');
    put('b.gltf');
    await expect(readSceneSource(root)).rejects.toMatchObject({
      code: 'request.invalid',
      message: expect.stringContaining('a.glb and b.gltf'),
    });
  });

  test('with a glTF among other formats is the glTF; without one, the one file of another', async () => {
    put('package.json', '{}');
    put('textures.zip');
    put('models/a.obj');
    expect((await readSceneSource(root)).entry).toBe('models/a.obj');
    put('models/b.gltf', gltf());
    expect((await readSceneSource(root)).entry).toBe('models/b.gltf');
  });

  test('with a ZIP only is the ZIP', async () => {
    put('notes.txt');
    put('scene.zip');
    expect((await readSceneSource(root)).entry).toBe('scene.zip');
  });

  test('with two scenes in other formats is refused, naming them', async () => {
    put('a.obj');
    put('b.fbx');
    await expect(readSceneSource(root)).rejects.toMatchObject({ message: expect.stringContaining('a.obj and b.fbx') });
  });

  test('without any is refused', async () => {
    await expect(readSceneSource(root)).rejects.toMatchObject({ code: 'request.invalid' });
  });
});

test('an OBJ brings its material library, the images that this names, and nothing else', async () => {
  const path = put('spider/spider.obj', 'mtllib spider.mtl\nv 0 0 0');
  put('spider/spider.mtl', 'newmtl Leg\nmap_Kd -s 1 1 1 .\\Drk Wood.jpg\nmap_bump gone.png');
  put('spider/other.mtl', 'map_Kd other.png');
  put('spider/tex/drk wood.JPG');
  put('spider/other.png');
  expect((await readSceneSource(path)).files.map((one) => one.path)).toEqual([
    'spider.obj',
    'spider.mtl',
    'tex/drk wood.JPG',
  ]);
});

test('an FBX brings the images that it names by paths of another machine', async () => {
  const name = Buffer.from('C:\\Users\\Ann\\tex\\Hair é.tga');
  const path = put('model.fbx', Buffer.concat([Buffer.from([0, 0xff, 0x53, 24, 0, 0, 0]), name, Buffer.from([0, 1])]));
  put('model.fbm/Hair é.tga');
  put('model.fbm/Skin.tga');
  expect((await readSceneSource(path)).files.map((one) => one.path)).toEqual(['model.fbx', 'model.fbm/Hair é.tga']);
});

test.each([
  ['http://example.com/a.png', 'scene.forbidden_uri'],
  ['file:///etc/passwd', 'scene.forbidden_uri'],
  ['//host/a.png', 'scene.forbidden_uri'],
  ['/etc/passwd', 'scene.forbidden_uri'],
  ['../../etc/passwd', 'scene.forbidden_uri'],
  ['a/../../b.png', 'scene.forbidden_uri'],
  ['%2e%2e/b.png', 'scene.forbidden_uri'],
  ['..\\b.png', 'scene.forbidden_uri'],
  ['%zz.png', 'scene.missing_resource'],
  ['gone.png', 'scene.missing_resource'],
])('a reference to %s is refused before anything is sent', async (uri, code) => {
  await expect(readSceneSource(put('s.gltf', gltf(uri)))).rejects.toMatchObject({ code });
});

test('an empty file, another format and nothing at all are refused', async () => {
  await expect(readSceneSource(put('s.glb', ''))).rejects.toMatchObject({ code: 'scene.empty_file' });
  await expect(readSceneSource(put('s.blend'))).rejects.toMatchObject({ code: 'scene.unsupported_format' });
  await expect(readSceneSource(join(root, 'nothing'))).rejects.toMatchObject({ code: 'request.invalid' });
});

test.each([
  ['textures\\a.png', 'textures/a.png'],
  ['textures%5Ca.png', 'textures/a.png'],
  ['100%.png', '100%.png'],
  ['a%20b.png', 'a%20b.png'],
  ['./textures/./a.png', 'textures/a.png'],
])('a reference to %s finds %s, as the farm does', async (uri, file) => {
  const path = put('s.gltf', gltf(uri));
  put(file);
  expect((await readSceneSource(path)).files.map((one) => one.path)).toEqual(['s.gltf', file]);
});
