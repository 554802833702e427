import { describe, expect, it } from 'vitest';
import { filesOfScene, referencedUris } from '../../src/upload/scene-references.ts';

const gathered = (path: string, text = 'x') => ({ path, file: new File([text], path) });
const gltf = (uris: readonly string[]) =>
  JSON.stringify({
    asset: { version: '2.0' },
    buffers: [{ uri: uris[0] }],
    images: uris.slice(1).map((uri) => ({ uri })),
  });

function glb(json: string): File {
  const text = new TextEncoder().encode(json);
  const head = new DataView(new ArrayBuffer(20));
  head.setUint32(0, 0x46546c67, true);
  head.setUint32(4, 2, true);
  head.setUint32(8, 20 + text.length, true);
  head.setUint32(12, text.length, true);
  head.setUint32(16, 0x4e4f534a, true);
  return new File([head.buffer, text], 'scene.glb');
}

describe('filesOfScene', () => {
  it('takes what the glTF refers to and leaves the rest of the folder', async () => {
    const entry = gathered('gltf/car.gltf', gltf(['car.bin', '../textures/red%20paint.png', './tyre.png']));
    const others = ['gltf/car.bin', 'textures/red paint.png', 'gltf/tyre.png', 'renders/old.mp4', 'car.bin'].map((p) =>
      gathered(p),
    );
    const files = await filesOfScene(entry, [entry, ...others]);
    expect(files.map(({ path }) => path)).toEqual([
      'gltf/car.gltf',
      'gltf/car.bin',
      'textures/red paint.png',
      'gltf/tyre.png',
    ]);
  });

  it('takes what a scene in another format names, and what its material library does', async () => {
    const entry = gathered('m/spider.obj', 'mtllib spider.mtl');
    const others = [gathered('m/spider.mtl', 'map_Kd .\\leg.jpg'), gathered('t/leg.jpg'), gathered('t/other.jpg')];
    const files = await filesOfScene(entry, [entry, ...others]);
    expect(files.map(({ path }) => path)).toEqual(['m/spider.obj', 'm/spider.mtl', 't/leg.jpg']);
  });

  it('finds what the farm finds: plain and encoded names, and a backslash for a slash', async () => {
    const uris = ['textures\\a.png', '100%.png', 'b%20c.png', 'd%20e.png'];
    const entry = gathered('s.gltf', gltf(uris));
    const others = ['textures/a.png', '100%.png', 'b%20c.png', 'd e.png', 'b c.png'].map((p) => gathered(p));
    expect((await filesOfScene(entry, [entry, ...others])).map(({ path }) => path)).toEqual([
      's.gltf',
      'textures/a.png',
      '100%.png',
      'b%20c.png',
      'd e.png',
    ]);
  });

  it('leaves out data, foreign addresses and missing files: the farm judges them', async () => {
    const entry = gathered('a.gltf', gltf(['data:application/octet-stream;base64,AA==', 'http://x/y.png', 'gone.png']));
    expect((await filesOfScene(entry, [entry, gathered('y.png')])).map(({ path }) => path)).toEqual(['a.gltf']);
  });

  it('takes everything when the entry cannot be read', async () => {
    for (const text of ['{"buffers":', 'null', '']) {
      const entry = gathered('a.gltf', text);
      const files = await filesOfScene(entry, [gathered('b.bin'), entry]);
      expect(files.map(({ path }) => path)).toEqual(text === 'null' ? ['a.gltf'] : ['a.gltf', 'b.bin']);
    }
  });
});

describe('referencedUris', () => {
  it('reads the JSON chunk of a GLB', async () => {
    expect(await referencedUris(glb('{"images":[{"uri":"a.png"},{"bufferView":0}]}'))).toEqual(['a.png']);
  });

  it('gives up on a GLB whose chunk is none, and on lists that are none', async () => {
    const broken = new File([(await glb('{}').arrayBuffer()).slice(0, 19)], 'scene.glb');
    expect(await referencedUris(broken)).toBeNull();
    expect(await referencedUris(glb('{"images":{"uri":"a.png"},"buffers":[null,7,{"uri":3}]}'))).toEqual([]);
  });
});
