import { type Capability, ENGINE_ABILITIES, KilnError } from '@kiln/shared';
import { describe, expect, it } from 'vitest';
import {
  abilitiesOf,
  adapterClassOf,
  autoBackendsOf,
  type EngineDrawing,
  type GlCandidate,
  type ProbeResult,
} from '../../src/browser/probe-result.ts';
import { drawWithEngines } from '../../src/browser/time-engines.ts';

const WEBGL: GlCandidate = {
  backend: 'vulkan',
  correct: true,
  drawMs: 4,
  renderer: 'ANGLE (a GPU)',
  maxTextureSizePx: 16_384,
  pixelsSha256: '0'.repeat(64),
  error: null,
};

function probe(engines: EngineDrawing[], adapter = 'nvidia ampere'): ProbeResult {
  return {
    browserPath: '/usr/bin/chromium',
    browserVersion: 'Chromium 156',
    driver: 'a driver',
    probedAt: '2026-01-01T00:00:00.000Z',
    sandboxed: true,
    sandboxDetail: '',
    webgl: [WEBGL],
    webgpu: [{ backend: 'default', correct: true, drawMs: 1, adapter, error: null }],
    engines,
  };
}

const drawing = (
  engine: EngineDrawing['engine'],
  backend: EngineDrawing['backend'],
  drawMs: number | null,
): EngineDrawing => ({ engine, backend, drawMs, correct: drawMs !== null, error: drawMs === null ? 'wrong' : null });

/** @param times of raster and of path tracing: WebGL's and WebGPU's, null where it draws wrong. */
const timed = (raster: [number | null, number | null], pathtrace: [number | null, number | null]) => [
  drawing('raster', 'webgl', raster[0]),
  drawing('raster', 'webgpu', raster[1]),
  drawing('pathtrace', 'webgl', pathtrace[0]),
  drawing('pathtrace', 'webgpu', pathtrace[1]),
];

describe('what auto is on a worker', () => {
  it('is WebGPU for the engine that it is clearly faster with, WebGL on ties', () => {
    expect(autoBackendsOf(probe(timed([4, 2.1], [90, 40])))).toEqual({ raster: 'webgl', pathtrace: 'webgpu' });
    expect(autoBackendsOf(probe(timed([4, 1.9], [90, 45])))).toEqual({ raster: 'webgpu', pathtrace: 'webgl' });
    expect(autoBackendsOf(probe(timed([4, 4], [90, 200])))).toEqual({ raster: 'webgl', pathtrace: 'webgl' });
  });

  it('is WebGPU where WebGL draws wrong, and the engine is then offered with that alone', () => {
    const result = probe(timed([4, 4], [null, 300]));
    expect(autoBackendsOf(result)).toEqual({ raster: 'webgl', pathtrace: 'webgpu' });
    expect(abilitiesOf(result)).not.toContainEqual({ engine: 'pathtrace', backend: 'webgl' });
    expect(abilitiesOf(result)).toHaveLength(3);
  });

  it('is never WebGPU that draws wrong, took the page with it, or is software', () => {
    const wrong = probe(timed([4, null], [90, null]));
    expect(autoBackendsOf(wrong)).toEqual({ raster: 'webgl', pathtrace: 'webgl' });
    expect(abilitiesOf(wrong).map(({ backend }) => backend)).toEqual(['webgl', 'webgl']);
    const cut = probe(timed([4, 1], [90, 1]).slice(0, 3));
    expect(autoBackendsOf(cut)).toEqual({ raster: 'webgpu', pathtrace: 'webgl' });
    expect(abilitiesOf(cut)).not.toContainEqual({ engine: 'pathtrace', backend: 'webgpu' });
    for (const adapter of ['google swiftshader', 'mesa llvmpipe'])
      expect(autoBackendsOf(probe(timed([4, 1], [90, 1]), adapter))).toEqual({ raster: 'webgl', pathtrace: 'webgl' });
    expect(abilitiesOf(probe([], 'google swiftshader'))).toEqual(ENGINE_ABILITIES);
  });

  it('makes another adapter class where it is another, and the times alone do not', () => {
    const classOf = (engines: EngineDrawing[]) => adapterClassOf(probe(engines), WEBGL);
    const plain = classOf([]);
    expect(classOf(timed([4, 4], [90, 90]))).toBe(plain);
    const [raster, pathtrace, both] = [
      classOf(timed([4, 1], [9, 9])),
      classOf(timed([4, 4], [9, 1])),
      classOf(timed([4, 1], [9, 1])),
    ];
    expect(new Set([plain, raster, pathtrace, both]).size).toBe(4);
  });
});

describe('timing engines', () => {
  const canary = { renderer: '', vendor: '', maxTextureSizePx: 1, pixelsSha256: '', correct: true, drawMs: 3 };
  const run = async (answer: (order: Capability) => typeof canary) => {
    const drawn: EngineDrawing[] = [];
    const client = { call: async (_: 'canary', order: Capability) => ({ result: answer(order) }) };
    const error = await drawWithEngines(client, (one) => drawn.push(one)).catch((thrown) => thrown);
    return { drawn, error };
  };

  it('draws with each engine and interface, and keeps what the page says of one that cannot', async () => {
    const { drawn } = await run(({ engine, backend }) => {
      if (engine === 'pathtrace' && backend === 'webgpu') throw new KilnError('render.failed', 'no such shader');
      return { ...canary, correct: backend === 'webgl' };
    });
    expect(drawn).toEqual([
      { engine: 'raster', backend: 'webgl', correct: true, drawMs: 3, error: null },
      { engine: 'raster', backend: 'webgpu', correct: false, drawMs: 3, error: 'the canary has wrong pixels' },
      { engine: 'pathtrace', backend: 'webgl', correct: true, drawMs: 3, error: null },
      { engine: 'pathtrace', backend: 'webgpu', correct: false, drawMs: null, error: 'no such shader' },
    ]);
  });

  it('keeps what was drawn before the page was lost', async () => {
    const { drawn, error } = await run(({ engine }) => {
      if (engine === 'pathtrace') throw new KilnError('render.page_lost', 'gone');
      return canary;
    });
    expect(drawn).toHaveLength(2);
    expect(error).toMatchObject({ code: 'render.page_lost' });
  });
});
