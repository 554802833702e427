import { describe, expect, it } from 'vitest';
import { LIMITS } from '../src/limits.ts';
import { checkManifest, sceneHashText } from '../src/scene-hash.ts';

const hash = (digit: string) => digit.repeat(64);
const file = (path: string, digit = 'a', sizeBytes = 1) => ({ path, sha256: hash(digit), sizeBytes });

describe('sceneHashText', () => {
  it('is the entry, then every file with its hash, by path', () => {
    const files = [file('b.bin', 'b'), file('Z.png', 'c'), file('a.gltf', 'a'), file('tex/é.png', 'd')];
    expect(sceneHashText({ entry: 'a.gltf', files })).toBe(
      `entry\0a.gltf\nZ.png\0${hash('c')}\na.gltf\0${hash('a')}\nb.bin\0${hash('b')}\ntex/é.png\0${hash('d')}\n`,
    );
  });

  it('does not depend on the order of the files, and leaves them as they were', () => {
    const files = [file('b', 'b'), file('a', 'a')];
    expect(sceneHashText({ entry: 'a', files })).toBe(sceneHashText({ entry: 'a', files: files.toReversed() }));
    expect(files.map(({ path }) => path)).toEqual(['b', 'a']);
  });

  it('differs where entry, a path or a content differs', () => {
    const texts = [
      sceneHashText({ entry: 'a', files: [file('a', 'a'), file('b', 'b')] }),
      sceneHashText({ entry: 'b', files: [file('a', 'a'), file('b', 'b')] }),
      sceneHashText({ entry: 'a', files: [file('a', 'b'), file('b', 'a')] }),
      sceneHashText({ entry: 'a', files: [file('a', 'a'), file('c', 'b')] }),
      sceneHashText({ entry: 'a', files: [file('a', 'a')] }),
    ];
    expect(new Set(texts).size).toBe(texts.length);
  });
});

describe('checkManifest', () => {
  const fault = (entry: string, ...files: ReturnType<typeof file>[]) => {
    try {
      checkManifest({ entry, files });
    } catch (error) {
      return error;
    }
    return null;
  };

  it('accepts one content under two paths, and names that begin alike', () => {
    expect(fault('a', file('a'), file('b'), file('a.b', 'c'), file('ab/c', 'd'), file('tex/a', 'e'))).toBeNull();
  });

  it.each([
    ['an entry that is not there', fault('x', file('a')), '/entry'],
    ['a path that comes twice', fault('a', file('a'), file('b'), file('a', 'b')), '/files/2/path'],
    ['a file that is a folder too', fault('a', file('a'), file('a/b', 'b')), '/files/1/path'],
    ['a folder that is a file too, further up', fault('x/y/z', file('x/y/z'), file('x', 'b')), '/files/0/path'],
    ['one content of two sizes', fault('a', file('a', 'a', 1), file('b', 'a', 2)), '/files/1/sizeBytes'],
  ])('refuses %s', (_, error, field) => {
    expect(error).toMatchObject({ code: 'request.invalid', field });
  });

  it('accepts as many bytes as the limit, and no more', () => {
    const half = LIMITS.sceneBytes / 2;
    expect(fault('a', file('a', 'a', half), file('b', 'b', half - 1))).toBeNull();
    expect(fault('a', file('a', 'a', half), file('b', 'b', half))).toBeNull();
    expect(fault('a', file('a', 'a', half), file('b', 'b', half + 1))).toMatchObject({ code: 'scene.over_limit' });
  });
});
