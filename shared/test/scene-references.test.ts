import { describe, expect, it } from 'vitest';
import { isDataUri, referenceOf, resourceUris } from '../src/scene-references.ts';

describe('resourceUris', () => {
  it('are those of buffers and images, each once', () => {
    const gltf = {
      buffers: [{ uri: 'a.bin' }, { byteLength: 4 }],
      images: [{ uri: 'b.png' }, { uri: 'a.bin' }, { bufferView: 0 }],
    };
    expect(resourceUris(gltf)).toEqual(['a.bin', 'b.png']);
  });

  it('leave out data, extras and extensions', () => {
    const elsewhere = { uri: 'https://example.com', images: [{ uri: 'x.png' }] };
    const data = ['data:image/png;base64,AAAA', 'DATA:,x'];
    const images = [...data.map((uri) => ({ uri })), { extras: elsewhere, extensions: { EXT_x: elsewhere } }];
    expect(resourceUris({ images, extras: elsewhere, extensions: { EXT_x: elsewhere } })).toEqual([]);
    expect(data.every(isDataUri)).toBe(true);
  });

  it.each([null, 3, 'uri', [], { buffers: { uri: 'a' }, images: [null, 'uri', { uri: 7 }] }])(
    'are none of what is no glTF: %j',
    (value) => expect(resourceUris(value)).toEqual([]),
  );
});

describe('referenceOf', () => {
  it.each([
    ['s.gltf', 'a.png', ['a.png']],
    ['models/s.gltf', '../t/./a.png', ['t/a.png']],
    ['s.gltf', 'a%20b.png', ['a%20b.png', 'a b.png']],
    ['s.gltf', 't\\a.png', ['t/a.png']],
    ['s.gltf', 't%5Ca.png', ['t%5Ca.png', 't/a.png']],
    ['s.gltf', '100%.png', ['100%.png']],
  ])('of %s: %s may be %j', (entry, uri, paths) => {
    expect(referenceOf(entry, uri)).toEqual({ paths, leadsOut: false });
  });

  it.each(['../a', 'x/../../a', '%2e%2e/a', '..\\a', '/etc/passwd', '//host/a', '\\\\host\\a', 'http://x/a', 'C:\\a'])(
    '%s leads out',
    (uri) => expect(referenceOf('s.gltf', uri).leadsOut).toBe(true),
  );
});
