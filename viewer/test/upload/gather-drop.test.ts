import { LIMITS } from '@kiln/shared';
import { describe, expect, it } from 'vitest';
import { type Entry, gatherEntries } from '../../src/upload/gather-drop.ts';

const fileEntry = (name: string): Entry => ({
  isFile: true,
  name,
  file: (success) => success(new File([name], name)),
});

/** Gives at most 100 entries at a time, as browsers do. */
const folderEntry = (name: string, children: readonly Entry[]): Entry => ({
  isFile: false,
  name,
  createReader() {
    let at = 0;
    return {
      readEntries(success) {
        const batch = children.slice(at, at + 100);
        at += batch.length;
        success(batch);
      },
    };
  },
});

describe('gatherEntries', () => {
  it('walks through folders in folders, and takes the common one away', async () => {
    const dropped = folderEntry('helmet', [
      fileEntry('helmet.gltf'),
      folderEntry('textures', [fileEntry('a.png'), folderEntry('deep', [fileEntry('b.png')])]),
    ]);
    const files = await gatherEntries([dropped], []);
    expect(files.map(({ path }) => path)).toEqual(['helmet.gltf', 'textures/a.png', 'textures/deep/b.png']);
    expect(await files[0]?.file.text()).toBe('helmet.gltf');
  });

  it('asks a folder until it has given everything', async () => {
    const children = Array.from({ length: 350 }, (_, i) => fileEntry(`${String(i).padStart(3, '0')}.png`));
    const files = await gatherEntries([folderEntry('many', children)], []);
    expect(files).toHaveLength(350);
    expect(files.at(-1)?.path).toBe('349.png');
  });

  it('takes files that came without an entry along', async () => {
    const loose = { path: 'scene.bin', file: new File(['x'], 'scene.bin') };
    const files = await gatherEntries([fileEntry('scene.gltf')], [loose]);
    expect(files.map(({ path }) => path)).toEqual(['scene.bin', 'scene.gltf']);
  });

  it('gives up on far more files than a scene can have', async () => {
    const children = Array.from({ length: LIMITS.sceneFiles * 5 + 1 }, (_, i) => fileEntry(`${i}`));
    await expect(gatherEntries([folderEntry('home', children)], [])).rejects.toThrow(/Drop the folder of one scene/);
  });

  it('reports what cannot be read', async () => {
    const gone: Entry = { isFile: true, name: 'gone.glb', file: (_success, failure) => failure(new Error('gone')) };
    await expect(gatherEntries([gone], [])).rejects.toThrow('gone');
  });
});
