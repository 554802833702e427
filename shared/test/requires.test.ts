import { expect, test } from 'vitest';
import { requiresText } from '../src/requires-text.ts';
import { addRequires, isAmple, meets, Requires, type WorkerFacts } from '../src/schemas/requires.ts';
import { matches } from '../src/validate.ts';

const GIB = 1_024 ** 3;

test('what a layer requires adds to what its job does', () => {
  expect(addRequires()).toBeNull();
  expect(addRequires({}, { tags: [] })).toBeNull();
  expect(
    addRequires(
      { tags: ['fast', 'rack=3'], gpu: 'nvidia', gpuMemoryBytes: 8, memoryBytes: 64 },
      { tags: ['fast', 'quiet'], gpu: 'RTX', gpuMemoryBytes: 24, memoryBytes: 32, maxTexturePx: 8_192 },
    ),
  ).toEqual({
    tags: ['fast', 'rack=3', 'quiet'],
    gpu: 'RTX',
    gpuMemoryBytes: 24,
    memoryBytes: 64,
    maxTexturePx: 8_192,
  });
  expect(addRequires({ adapterClass: 'a'.repeat(16) })).toEqual({ adapterClass: 'a'.repeat(16) });
});

const FACTS: WorkerFacts = {
  tags: ['fast', 'rack=3'],
  renderer: 'ANGLE (NVIDIA RTX A6000)',
  adapterClass: 'a'.repeat(16),
  gpuMemoryBytes: 48 * GIB,
  memoryBytes: 128 * GIB,
  maxTexturePx: 16_384,
};

test.each<[Requires, boolean]>([
  [{}, true],
  [{ tags: ['fast', 'rack=3'] }, true],
  [{ tags: ['fast', 'rack=4'] }, false],
  [{ tags: ['Fast'] }, false],
  [{ gpu: ' nvidia rtx ' }, true],
  [{ gpu: 'Radeon' }, false],
  [{ adapterClass: 'a'.repeat(16) }, true],
  [{ adapterClass: 'b'.repeat(16) }, false],
  [{ gpuMemoryBytes: 48 * GIB }, true],
  [{ gpuMemoryBytes: 48 * GIB + 1 }, false],
  [{ memoryBytes: 128 * GIB, maxTexturePx: 16_384 }, true],
  [{ memoryBytes: 128 * GIB, maxTexturePx: 16_385 }, false],
])('a worker with tags, a large GPU and its class has %j: %s', (requires, has) => {
  expect(meets(FACTS, requires)).toBe(has);
});

test('a worker that does not say what it has has nothing that is required, and holds any scene', () => {
  for (const one of [{ tags: ['x'] }, { gpu: 'x' }, { gpuMemoryBytes: 1 }, { memoryBytes: 1 }, { maxTexturePx: 1 }]) {
    expect(meets({}, one)).toBe(false);
    expect(meets({ gpuMemoryBytes: null, memoryBytes: null, maxTexturePx: null }, one)).toBe(false);
  }
  expect(meets({}, {})).toBe(true);
  expect(isAmple({}, { gpuBytes: 1e15, texturePx: 65_536 })).toBe(true);
  expect(isAmple({ gpuMemoryBytes: null, maxTexturePx: null }, { gpuBytes: 1e15, texturePx: 65_536 })).toBe(true);
});

test('a scene fits where neither its memory nor its textures are too large', () => {
  const needs = { gpuBytes: 8 * GIB, texturePx: 8_192 };
  expect(isAmple({ gpuMemoryBytes: 8 * GIB, maxTexturePx: 8_192 }, needs)).toBe(true);
  expect(isAmple({ gpuMemoryBytes: 8 * GIB - 1, maxTexturePx: 8_192 }, needs)).toBe(false);
  expect(isAmple({ gpuMemoryBytes: 8 * GIB, maxTexturePx: 8_191 }, needs)).toBe(false);
});

const tags = (n: number) => Array.from({ length: n }, (_, index) => `t${index}`);

test.each<[unknown, boolean]>([
  [{ tags: tags(32) }, true],
  [{ tags: tags(33) }, false],
  [{ tags: ['a', 'a'] }, false],
  [{ tags: ['x'.repeat(64)] }, true],
  [{ tags: ['x'.repeat(65)] }, false],
  [{ tags: ['two words'] }, false],
  [{ tags: ['-x'] }, false],
  [{ tags: [''] }, false],
  [{ gpu: 'x'.repeat(200) }, true],
  [{ gpu: 'x'.repeat(201) }, false],
  [{ gpu: '  ' }, false],
  [{ gpu: 'a\u0000b' }, false],
  [{ gpu: '\ud800' }, false],
  [{ gpu: '工房 GPU' }, true],
  [{ adapterClass: 'A'.repeat(16) }, false],
  [{ gpuMemoryBytes: 1 }, true],
  [{ gpuMemoryBytes: 0 }, false],
  [{ memoryBytes: 1.5 }, false],
  [{ memoryBytes: '8G' }, false],
  [{ maxTexturePx: 65_536 }, true],
  [{ maxTexturePx: 65_537 }, false],
  [{ cores: 8 }, false],
])('whether %j may be required: %s', (value, may) => {
  expect(matches(Requires, value)).toBe(may);
});

test('what is required is told in words', () => {
  expect(requiresText({})).toBe('');
  expect(
    requiresText({ tags: ['fast', 'rack=3'], gpu: 'RTX', gpuMemoryBytes: 8 * GIB, memoryBytes: GIB, maxTexturePx: 9 }),
  ).toBe(
    'the tag `fast`, the tag `rack=3`, a GPU named “RTX”, 8 GiB of GPU memory, 1 GiB of memory, 9 px of texture edge',
  );
  expect(requiresText({ adapterClass: 'a'.repeat(16) })).toBe('the adapter class aaaaaaaaaaaaaaaa');
});
