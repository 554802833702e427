import { describe, expect, it } from 'vitest';
import { gatherFromInput, tidy } from '../../src/upload/gathered-file.ts';

const file = (path: string) => ({ path, file: new File(['x'], path.split('/').at(-1) ?? path) });
const pathsOf = (files: readonly { readonly path: string }[]) => files.map(({ path }) => path);

describe('tidy', () => {
  it('takes away the folders that all files share', () => {
    expect(pathsOf(tidy([file('shot/helmet/a.gltf'), file('shot/helmet/tex/b.png')]))).toEqual(['a.gltf', 'tex/b.png']);
  });

  it('keeps folders that only some files are in', () => {
    expect(pathsOf(tidy([file('a/x.gltf'), file('b/y.bin')]))).toEqual(['a/x.gltf', 'b/y.bin']);
    expect(pathsOf(tidy([file('x.gltf'), file('x.gltf.d/y.bin')]))).toEqual(['x.gltf', 'x.gltf.d/y.bin']);
  });

  it('does not take a folder for shared because its name begins alike', () => {
    expect(pathsOf(tidy([file('tex/a.gltf'), file('textures/b.png')]))).toEqual(['tex/a.gltf', 'textures/b.png']);
  });

  it('leaves out what operating systems leave in folders', () => {
    const given = ['s/.DS_Store', 's/a.glb', 's/__MACOSX/a.glb', 's/Thumbs.db', 's/.git/HEAD', 's/desktop.ini'];
    expect(pathsOf(tidy(given.map(file)))).toEqual(['a.glb']);
  });

  it('makes nothing of nothing', () => {
    expect(tidy([])).toEqual([]);
  });
});

describe('gatherFromInput', () => {
  it('takes the path below a chosen folder, and the name of a chosen file', () => {
    const inFolder = Object.defineProperty(new File(['x'], 'b.png'), 'webkitRelativePath', {
      value: 'helmet/tex/b.png',
    });
    const entry = Object.defineProperty(new File(['x'], 'a.gltf'), 'webkitRelativePath', { value: 'helmet/a.gltf' });
    expect(pathsOf(gatherFromInput([entry, inFolder]))).toEqual(['a.gltf', 'tex/b.png']);
    expect(pathsOf(gatherFromInput([new File(['x'], 'a.glb')]))).toEqual(['a.glb']);
  });
});
