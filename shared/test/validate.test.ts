import Type from 'typebox';
import { describe, expect, it } from 'vitest';
import { KilnError } from '../src/errors.ts';
import { JobRequest } from '../src/schemas/job.ts';
import { matches, parse, parseJson } from '../src/validate.ts';

const LAYER = { size: { widthPx: 640, heightPx: 360 }, frames: '1-10' };
const JOB = { sceneId: 'scn_0123456789abcdefghjk', layers: [LAYER] };

function faultOf(run: () => unknown): KilnError {
  try {
    run();
  } catch (error) {
    if (error instanceof KilnError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
const jobFault = (job: unknown) => faultOf(() => parse(JobRequest, job, 'the job'));
const layerFault = (change: object) => jobFault({ ...JOB, layers: [LAYER, { ...LAYER, ...change }] });

describe('parse', () => {
  it('gives back the value itself, with nothing filled in', () => {
    expect(parse(JobRequest, JOB, 'the job')).toBe(JOB);
  });

  const faults: readonly [string, KilnError, string, string][] = [
    ['no object', jobFault(null), '', 'expected an object as the job, got null'],
    ['nothing', jobFault(undefined), '', 'expected an object as the job, got nothing'],
    [
      'a missing field',
      jobFault({ layers: [LAYER] }),
      '/sceneId',
      '/sceneId of the job is missing: expected the id of a scene',
    ],
    [
      'a wrong id',
      jobFault({ ...JOB, sceneId: '7' }),
      '/sceneId',
      'expected the id of a scene as /sceneId of the job, got "7"',
    ],
    [
      'an empty list',
      jobFault({ ...JOB, layers: [] }),
      '/layers',
      'expected a list of 1 to 64 items as /layers of the job, got a list of 0',
    ],
    [
      'size 0',
      layerFault({ size: { widthPx: 0, heightPx: 1 } }),
      '/layers/1/size/widthPx',
      'expected an integer from 1 to 65536 as /layers/1/size/widthPx of the job, got 0',
    ],
    [
      'size 100,000',
      layerFault({ size: { widthPx: 1, heightPx: 100_000 } }),
      '/layers/1/size/heightPx',
      'expected an integer from 1 to 65536 as /layers/1/size/heightPx of the job, got 100000',
    ],
    [
      'an unknown format',
      layerFault({ format: 'gif' }),
      '/layers/1/format',
      'expected one of png, jpeg, webp, avif, tiff, exr as /layers/1/format of the job, got "gif"',
    ],
    [
      'an open bound',
      layerFault({ fps: 0 }),
      '/layers/1/fps',
      'expected a number from 0.001 to 1000 as /layers/1/fps of the job, got 0',
    ],
    [
      'a fault within a union',
      layerFault({ camera: { position: [1, 2], target: [0, 0, 0], fovDeg: 3 } }),
      '/layers/1/camera/position',
      'expected a list of 3 as /layers/1/camera/position of the job, got a list of 2',
    ],
    [
      'a fault within the object of a union that the value is most like',
      layerFault({ camera: { position: [1, 2, 3], target: [0, 0, 0], heightM: 0 } }),
      '/layers/1/camera/heightM',
      'expected a number from 0.000001 to 1000000000 as /layers/1/camera/heightM of the job, got 0',
    ],
    [
      'no variant of a union',
      layerFault({ camera: 3 }),
      '/layers/1/camera',
      'expected the text of 1 to 200 characters without NUL and without unpaired surrogates or an object as /layers/1/camera of the job, got 3',
    ],
    [
      'a long text',
      layerFault({ camera: 'x'.repeat(201) }),
      '/layers/1/camera',
      'expected the text of 1 to 200 characters without NUL and without unpaired surrogates or an object as /layers/1/camera of the job, got text of 201 characters',
    ],
  ];
  it.each(faults)('names the place of %s, what was expected and what came', (_, fault, field, message) => {
    expect(fault).toMatchObject({ code: 'request.invalid', status: 400, field, message });
  });

  it('names an unknown field and the known ones, as a JSON Pointer', () => {
    const fault = layerFault({ 'a/b~c': 1 });
    expect(fault.field).toBe('/layers/1/a~1b~0c');
    expect(fault.message).toMatch(/is not known; known there are camera, .*, films$/);
  });

  it('finds the fault in the variant that a message’s own type names', () => {
    const Message = Type.Union([
      Type.Object({ type: Type.Literal('a'), n: Type.Integer() }),
      Type.Object({ type: Type.Literal('b'), s: Type.String() }),
    ]);
    const fault = (value: unknown) => faultOf(() => parse(Message, value, 'it'));
    expect(fault({ type: 'b', s: 1 })).toMatchObject({ field: '/s', message: 'expected text as /s of it, got 1' });
    expect(fault({ type: 'c' })).toMatchObject({
      field: '/type',
      message: 'expected "a" or "b" as /type of it, got "c"',
    });
    expect(fault({})).toMatchObject({ field: '/type', message: '/type of it is missing: expected "a" or "b"' });
    expect(fault([])).toMatchObject({ field: '' });
  });

  it('is not misled by what objects inherit', () => {
    const Named = Type.Object({ toString: Type.String() });
    expect(faultOf(() => parse(Named, {}, 'it'))).toMatchObject({ field: '/toString' });
  });
});

describe('matches', () => {
  it('says the same each time it is asked', () => {
    for (let i = 0; i < 3; i++) expect([matches(JobRequest, JOB), matches(JobRequest, {})]).toEqual([true, false]);
  });
});

describe('parseJson', () => {
  it('tells bad JSON from a bad value', () => {
    const Three = Type.Literal(3);
    expect(parseJson(Three, ' 3 ', 'it')).toBe(3);
    expect(faultOf(() => parseJson(Three, '{', 'it'))).toMatchObject({ code: 'request.bad_json' });
    expect(faultOf(() => parseJson(Three, '4', 'it'))).toMatchObject({
      code: 'request.invalid',
      message: 'expected 3 as it, got 4',
    });
  });
});
