import { Check } from 'typebox/schema';
import { expect, test } from 'vitest';
import { jobFileJsonSchema } from '../src/job-file-schema.ts';

const schema = jobFileJsonSchema();
const isTaken = (value: unknown) => Check(schema, value);
const job = (layer: object = {}, more: object = {}) => ({
  scene: 'a.glb',
  layers: [{ size: '640x360', frames: '1-10', ...layer }],
  ...more,
});

test.each([
  {},
  { frames: 7 },
  { size: { widthPx: 640, heightPx: 360 }, passes: ['beauty', 'depth'] },
  { samples: `\${samples}`, denoise: `\${denoise}`, passes: ['beauty', `\${pass}`] },
  { size: `\${width}x\${height}`, camera: { position: [`\${x}`, 0, 4], target: [0, 0, 0], fovDeg: 40 } },
  { environment: '../sky.exr', lut: null, films: [{ format: 'mp4', audio: 'steps.wav' }] },
])('the published schema takes a layer with %j', (layer) => {
  expect(isTaken(job(layer))).toBe(true);
});

test.each([
  { samples: 'many' },
  { samples: 0 },
  { size: '640' },
  { passes: ['dpeth'] },
  { engine: 'fast' },
  { camera: { position: [0, 4], target: [0, 0, 0], fovDeg: 40 } },
  { sampels: 4 },
])('the published schema refuses a layer with %j', (layer) => {
  expect(isTaken(job(layer))).toBe(false);
});

test('the published schema takes parameters with a default, or with a type', () => {
  const parameters = { a: 1, b: 'x', c: true, d: { type: 'number', description: 'one' } };
  expect(isTaken(job({}, { parameters, priority: `\${a}`, retries: 2 }))).toBe(true);
  expect(isTaken(job({}, { parameters: { a: [1] } }))).toBe(false);
  expect(isTaken(job({}, { priority: 101 }))).toBe(false);
  expect(isTaken({ layers: job().layers })).toBe(false);
});
