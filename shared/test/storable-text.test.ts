import { describe, expect, it } from 'vitest';
import { JobRequest, matches, SceneManifest, storable, TenantRequest } from '../src/index.ts';

const LONE = ['\ud800', 'a\udc00b', '\ud800\ud800', 'x\ud83d'];

describe('a name', () => {
  const job = (more: object) => ({
    sceneId: `scn_${'0'.repeat(20)}`,
    layers: [{ frames: '1', size: { widthPx: 1, heightPx: 1 } }],
    ...more,
  });
  const layer = (more: object) => job({ layers: [{ frames: '1', size: { widthPx: 1, heightPx: 1 }, ...more }] });
  const scene = (name: string) => ({
    name,
    entry: 'a.glb',
    files: [{ path: 'a.glb', sha256: 'a'.repeat(64), sizeBytes: 1 }],
  });
  const takes = (name: string) => [
    matches(JobRequest, job({ name })),
    matches(JobRequest, job({ idempotencyKey: name })),
    matches(JobRequest, layer({ camera: name })),
    matches(JobRequest, layer({ clip: name })),
    matches(SceneManifest, scene(name)),
    matches(TenantRequest, { name }),
  ];

  it('may have any character, pairs of surrogates and line breaks included', () => {
    for (const name of ['a', 'Zoë 🎬', '\u{10ffff}', 'two\nlines\u2028', '\u0001']) {
      expect(takes(name), JSON.stringify(name)).toEqual([true, true, true, true, true, true]);
    }
  });

  it('has no NUL and no half of a pair: the database takes neither', () => {
    for (const name of ['\0', 'a\0b', ...LONE]) {
      expect(takes(name), JSON.stringify(name)).toEqual([false, false, false, false, false, false]);
    }
  });

  it('of a tenant is not blank', () => {
    expect(matches(TenantRequest, { name: ' \n ' })).toBe(false);
  });
});

describe('JSON from a worker', () => {
  it('is copied as it is when it can be stored', () => {
    const value = { a: ['🎬', 1, null, true, { b: 'c' }], d: undefined };
    expect(storable(value)).toEqual(value);
  });

  it('has U+FFFD for what cannot be stored, however deep, also in keys', () => {
    expect(storable({ log: ['a\0b', { deep: LONE }], 'k\0': '\udfff🎬' })).toEqual({
      log: ['a\ufffdb', { deep: ['\ufffd', 'a\ufffdb', '\ufffd\ufffd', 'x\ufffd'] }],
      'k\ufffd': '\ufffd🎬',
    });
  });
});
