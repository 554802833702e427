import type { TSchema } from 'typebox';
import { describe, expect, it } from 'vitest';
import { ROUTES } from '../../src/api/routes.ts';
import { LIMITS } from '../../src/limits.ts';
import { TenantRequest } from '../../src/schemas/identity.ts';
import { JobRequest, LayerRequest } from '../../src/schemas/job.ts';
import { SceneFile, SceneManifest } from '../../src/schemas/scene.ts';
import { ExplicitCamera, Size } from '../../src/schemas/settings.ts';
import { matches } from '../../src/validate.ts';

const layer = { size: { widthPx: 1, heightPx: 1 }, frames: '1' };
const job = { sceneId: 'scn_0123456789abcdefghjk', layers: [layer] };
const file = { path: 'a', sha256: 'a'.repeat(64), sizeBytes: 1 };
const manifest = { name: 'n', entry: 'a', files: [file] };
const text = (chars: number) => 'x'.repeat(chars);
const times = <T>(count: unknown, item: T): T[] => Array(Number(count)).fill(item);
const camera = { position: [0, 0, 0], target: [0, 0, 0], fovDeg: 45 };

/** For each bound: the last value inside, and the first one outside. */
const bounds: readonly [string, TSchema, (value: unknown) => unknown, inside: unknown, outside: unknown][] = [
  ['least width', Size, (widthPx) => ({ widthPx, heightPx: 1 }), 1, 0],
  ['greatest width', Size, (widthPx) => ({ widthPx, heightPx: 1 }), LIMITS.frameEdgePx, LIMITS.frameEdgePx + 1],
  ['least height', Size, (heightPx) => ({ widthPx: 1, heightPx }), 1, 0],
  ['greatest height', Size, (heightPx) => ({ widthPx: 1, heightPx }), LIMITS.frameEdgePx, LIMITS.frameEdgePx + 1],
  ['whole pixels', Size, (widthPx) => ({ widthPx, heightPx: 1 }), 2, 1.5],
  ['least samples', LayerRequest, (samples) => ({ ...layer, samples }), 1, 0],
  ['most samples', LayerRequest, (samples) => ({ ...layer, samples }), LIMITS.frameSamples, LIMITS.frameSamples + 1],
  ['least quality', LayerRequest, (quality) => ({ ...layer, quality }), 1, 0],
  ['most quality', LayerRequest, (quality) => ({ ...layer, quality }), 100, 101],
  ['slowest', LayerRequest, (fps) => ({ ...layer, fps }), 0.001, 1e-300],
  ['fastest', LayerRequest, (fps) => ({ ...layer, fps }), 1_000, 1_000.5],
  ['darkest', LayerRequest, (exposureEv) => ({ ...layer, exposureEv }), -20, -20.5],
  ['brightest', LayerRequest, (exposureEv) => ({ ...layer, exposureEv }), 20, 20.5],
  ['shortest frame expression', LayerRequest, (frames) => ({ ...layer, frames }), '1', ''],
  [
    'longest frame expression',
    LayerRequest,
    (frames) => ({ ...layer, frames }),
    text(LIMITS.frameExpressionChars),
    text(LIMITS.frameExpressionChars + 1),
  ],
  ['least frames of a task', LayerRequest, (chunk) => ({ ...layer, chunk }), 1, 0],
  ['most frames of a task', LayerRequest, (chunk) => ({ ...layer, chunk }), 1_000, 1_001],
  ['longest layer name', LayerRequest, (name) => ({ ...layer, name }), text(64), text(65)],
  ['no folders in layer names', LayerRequest, (name) => ({ ...layer, name }), 'a.b', 'a/b'],
  ['no hidden layer names', LayerRequest, (name) => ({ ...layer, name }), 'a', '.a'],
  [
    'longest camera name',
    LayerRequest,
    (name) => ({ ...layer, camera: name }),
    text(LIMITS.nameChars),
    text(LIMITS.nameChars + 1),
  ],
  ['narrowest camera', ExplicitCamera, (fovDeg) => ({ ...camera, fovDeg }), 0.01, 0],
  ['widest camera', ExplicitCamera, (fovDeg) => ({ ...camera, fovDeg }), 179.9, 180],
  ['fewest layers', JobRequest, (count) => ({ ...job, layers: times(count, layer) }), 1, 0],
  [
    'most layers',
    JobRequest,
    (count) => ({ ...job, layers: times(count, layer) }),
    LIMITS.jobLayers,
    LIMITS.jobLayers + 1,
  ],
  ['lowest priority', JobRequest, (priority) => ({ ...job, priority }), 0, -1],
  ['highest priority', JobRequest, (priority) => ({ ...job, priority }), 100, 101],
  ['fewest attempts', JobRequest, (maxAttempts) => ({ ...job, maxAttempts }), 1, 0],
  ['most attempts', JobRequest, (maxAttempts) => ({ ...job, maxAttempts }), 10, 11],
  [
    'most jobs before it',
    JobRequest,
    (count) => ({
      ...job,
      after: Array.from({ length: Number(count) }, (_, n) => `job_${String(n).padStart(20, '0')}`),
    }),
    LIMITS.jobPredecessors,
    LIMITS.jobPredecessors + 1,
  ],
  ['fewest failures', JobRequest, (maxFailedTasks) => ({ ...job, maxFailedTasks }), 1, 0],
  [
    'most failures',
    JobRequest,
    (maxFailedTasks) => ({ ...job, maxFailedTasks }),
    LIMITS.jobFrames,
    LIMITS.jobFrames + 1,
  ],
  ['shortest time for a frame', JobRequest, (frameTimeoutMs) => ({ ...job, frameTimeoutMs }), 1_000, 999],
  [
    'longest time for a frame',
    JobRequest,
    (frameTimeoutMs) => ({ ...job, frameTimeoutMs }),
    LIMITS.frameTimeoutMaxMs,
    LIMITS.frameTimeoutMaxMs + 1,
  ],
  ['longest job name', JobRequest, (name) => ({ ...job, name }), text(LIMITS.nameChars), text(LIMITS.nameChars + 1)],
  ['smallest file', SceneFile, (sizeBytes) => ({ ...file, sizeBytes }), 0, -1],
  ['largest file', SceneFile, (sizeBytes) => ({ ...file, sizeBytes }), LIMITS.fileBytes, LIMITS.fileBytes + 1],
  [
    'longest path',
    SceneFile,
    (path) => ({ ...file, path }),
    text(LIMITS.scenePathChars),
    text(LIMITS.scenePathChars + 1),
  ],
  ['fewest files', SceneManifest, (count) => ({ ...manifest, files: times(count, file) }), 1, 0],
  [
    'most files',
    SceneManifest,
    (count) => ({ ...manifest, files: times(count, file) }),
    LIMITS.sceneFiles,
    LIMITS.sceneFiles + 1,
  ],
  ['shortest scene name', SceneManifest, (name) => ({ ...manifest, name }), 'x', ''],
  ['a tenant’s name is not blank', TenantRequest, (name) => ({ name }), ' x', '  '],
  ['largest page', ROUTES.listJobs.query, (limit) => ({ limit }), 1_000, 1_001],
  ['smallest page', ROUTES.listJobs.query, (limit) => ({ limit }), 1, 0],
];

describe('bounds of what a request may ask for', () => {
  it.each(bounds)('%s', (_, schema, build, inside, outside) => {
    expect(matches(schema, build(inside))).toBe(true);
    expect(matches(schema, build(outside))).toBe(false);
  });

  it.each([
    ['job', JobRequest, job],
    ['layer', LayerRequest, layer],
    ['scene', SceneManifest, manifest],
    ['file', SceneFile, file],
  ] as const)('a %s takes no field that it does not know', (_, schema, value) => {
    expect(matches(schema, value)).toBe(true);
    expect(matches(schema, { ...value, other: 1 })).toBe(false);
  });

  it('a manifest of as many files as are allowed fits into a request', () => {
    const largest = {
      ...manifest,
      files: times(LIMITS.sceneFiles, { ...file, path: text(LIMITS.scenePathChars), sizeBytes: LIMITS.fileBytes }),
    };
    expect(JSON.stringify(largest).length).toBeLessThan(LIMITS.requestBytes);
  });
});
