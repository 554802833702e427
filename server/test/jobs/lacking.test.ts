import type { Requires, WorkerIdentity } from '@kiln/shared';
import { expect, test } from 'vitest';
import { lackingOf, warningsOf } from '../../src/jobs/lacking.ts';
import { IDENTITY } from '../fake-worker.ts';

const GIB = 1_024 ** 3;

const worker = (more: Partial<WorkerIdentity>): WorkerIdentity => ({ ...IDENTITY, ...more });
const FARM = [
  worker({ tags: ['fast'], renderer: 'ANGLE (NVIDIA RTX A4000)', gpuMemoryBytes: 16 * GIB, memoryBytes: 64 * GIB }),
  worker({ tags: ['quiet'], renderer: 'llvmpipe', gpuMemoryBytes: null, memoryBytes: 256 * GIB }),
  worker({ capabilities: [{ engine: 'pathtrace', backend: 'webgpu' }], tags: ['traced'] }),
];

const layer = (requires: Requires | null, sceneNeeds: { gpuBytes: number; texturePx: number } | null = null) => ({
  name: 'main',
  requires,
  sceneNeeds,
  settings: { engine: 'raster' as const, backend: 'auto' as const },
});

test.each<[Requires | null, string | null]>([
  [null, null],
  [{ tags: ['fast'], gpu: 'nvidia', gpuMemoryBytes: 16 * GIB }, null],
  // Workers that cannot draw it at all do not count.
  [{ tags: ['traced'] }, 'Layer “main” needs the tag `traced`: none of 2 workers has it.'],
  [{ tags: ['fast', 'loud'] }, 'Layer “main” needs the tag `loud`: none of 2 workers has it.'],
  [{ gpu: 'Radeon' }, 'Layer “main” needs a GPU named “Radeon”: none of 2 workers has it.'],
  [
    { adapterClass: 'f'.repeat(16) },
    'Layer “main” needs the adapter class ffffffffffffffff: none of 2 workers has it.',
  ],
  [{ gpuMemoryBytes: 24 * GIB }, 'Layer “main” needs 24 GiB of GPU memory: the one worker that says has 16 GiB.'],
  [{ memoryBytes: 512 * GIB }, 'Layer “main” needs 512 GiB of memory: the largest of 2 has 256 GiB.'],
  [{ maxTexturePx: 8_192 }, 'Layer “main” needs 8192 px of texture edge: none of 2 workers says what it has.'],
  [
    { tags: ['fast'], memoryBytes: 128 * GIB },
    'Layer “main” needs the tag `fast`, 128 GiB of memory: none of 2 workers has all of it.',
  ],
])('what is lacking of %j is told with numbers', (requires, message) => {
  expect(lackingOf(layer(requires), FARM)).toBe(message);
});

test('of one worker it is told that it lacks it; where none draws such layers, nothing', () => {
  const one = FARM.slice(1, 2);
  const needs = (requires: Requires) => lackingOf(layer(requires), one);
  expect(needs({ tags: ['x'] })).toBe('Layer “main” needs the tag `x`: the one worker that could draw it lacks it.');
  expect(needs({ gpuMemoryBytes: GIB })).toBe(
    'Layer “main” needs 1 GiB of GPU memory: the one worker that could draw it does not say.',
  );
  expect(lackingOf(layer({ tags: ['x'] }), FARM.slice(2))).toBeNull();
});

test('a plan warns of what a job would wait for, and of a scene that is too large for all who may draw it', () => {
  const large = { gpuBytes: 20 * GIB, texturePx: 0 };
  expect(warningsOf([layer({ tags: ['x'] }, large), layer(null)], FARM)).toEqual([
    'Layer “main” needs the tag `x`: none of 2 workers has it. The job would wait for one.',
  ]);
  // One does not say what it has.
  expect(warningsOf([layer(null, large)], FARM)).toEqual([]);
  expect(warningsOf([layer({ tags: ['fast'] }, large)], FARM)).toEqual([
    'The scene of layer “main” takes about 20 GiB of GPU memory: the one worker that could draw it is smaller, and would draw it all the same.',
  ]);
  const sharp = { gpuBytes: 20 * GIB, texturePx: 16_384 };
  const small = [worker({ maxTexturePx: 8_192 }), worker({ maxTexturePx: 4_096 })];
  expect(warningsOf([layer(null, sharp)], small)).toEqual([
    'The scene of layer “main” takes about 20 GiB of GPU memory and textures of 16384 px: all 2 workers are smaller, and would draw it all the same.',
  ]);
});
