import { expect, test } from 'vitest';
import { parseRequire } from '../../src/cli/require-options.ts';
import { factsText } from '../../src/cli/worker-facts-text.ts';

const GIB = 1_024 ** 3;

test('what is required is read from words, those of one option after those of another', () => {
  const first = parseRequire('tag=fast, gpu=NVIDIA RTX ,gpu-memory=8G');
  expect(first).toEqual({ tags: ['fast'], gpu: 'NVIDIA RTX', gpuMemoryBytes: 8 * GIB });
  expect(parseRequire('tag=rack=3,memory=1.5T,texture=16384,class=0123456789abcdef', first)).toEqual({
    tags: ['fast', 'rack=3'],
    gpu: 'NVIDIA RTX',
    adapterClass: '0123456789abcdef',
    gpuMemoryBytes: 8 * GIB,
    memoryBytes: 1_536 * GIB,
    maxTexturePx: 16_384,
  });
});

test.each([
  'fast',
  'tag=',
  'tag=two words',
  'gpu=',
  'gpu-memory=8',
  'memory=much',
  'texture=1.5',
  'texture=',
  'class=x',
  'cores=8',
  'tag=fast,,gpu=x',
  '',
])('“%s” is refused with what is taken', (text) => {
  const wrong = text.split(',').find((word) => !/^(tag|gpu)=\w+$/.test(word));
  expect(() => parseRequire(text)).toThrow(
    expect.objectContaining({
      code: 'request.invalid',
      field: '--require',
      message: expect.stringMatching(new RegExp(`^--require takes tag=NAME, .*; “${wrong}” is none\\.$`)),
    }),
  );
});

test('what a worker has is told in one cell, and nothing of one that does not say', () => {
  expect(factsText({ cpuCores: 32, memoryBytes: 251.4 * GIB, gpuMemoryBytes: 24 * GIB, maxTexturePx: 32_768 })).toBe(
    '32 cores, 251 GiB, GPU 24 GiB, 32768 px',
  );
  expect(factsText({ cpuCores: 1, memoryBytes: null, gpuMemoryBytes: null, maxTexturePx: null })).toBe('1 core');
  expect(factsText({})).toBe('');
});
