/** What a probe of the back ends found, and what follows from it. */
import { createHash } from 'node:crypto';
import { type AutoBackends, Backend, type Capability, ENGINE_ABILITIES, Engine } from '@kiln/shared';
import Type, { type Static } from 'typebox';
import { GL_BACKENDS, WEBGPU_BACKENDS } from './launch-flags.ts';

export const GlCandidate = Type.Object({
  backend: Type.Enum([...GL_BACKENDS]),
  /** Draws the canary as it must be, with the back end that was asked for. */
  correct: Type.Boolean(),
  /** Milliseconds of the fastest of some draws with read-back; null when it did not draw. */
  drawMs: Type.Union([Type.Number(), Type.Null()]),
  renderer: Type.Union([Type.String(), Type.Null()]),
  maxTextureSizePx: Type.Union([Type.Integer(), Type.Null()]),
  pixelsSha256: Type.Union([Type.String(), Type.Null()]),
  /** Why it is not usable. */
  error: Type.Union([Type.String(), Type.Null()]),
});
export type GlCandidate = Static<typeof GlCandidate>;

export const WebgpuCandidate = Type.Object({
  backend: Type.Enum([...WEBGPU_BACKENDS]),
  correct: Type.Boolean(),
  /** Milliseconds from the request for an adapter to the pixels of a first small draw. */
  drawMs: Type.Union([Type.Number(), Type.Null()]),
  adapter: Type.Union([Type.String(), Type.Null()]),
  error: Type.Union([Type.String(), Type.Null()]),
});
export type WebgpuCandidate = Static<typeof WebgpuCandidate>;

export const EngineDrawing = Type.Object({
  engine: Engine,
  backend: Backend,
  /** Draws the canary as it must be. */
  correct: Type.Boolean(),
  /** Milliseconds of the fastest of some draws with read-back; null when it did not draw. */
  drawMs: Type.Union([Type.Number(), Type.Null()]),
  error: Type.Union([Type.String(), Type.Null()]),
});
export type EngineDrawing = Static<typeof EngineDrawing>;

export const ProbeResult = Type.Object({
  browserPath: Type.String(),
  browserVersion: Type.String(),
  driver: Type.String(),
  probedAt: Type.String(),
  sandboxed: Type.Boolean(),
  sandboxDetail: Type.String(),
  webgl: Type.Array(GlCandidate),
  webgpu: Type.Array(WebgpuCandidate),
  /** Each engine with each interface in the browser that is taken; none where WebGPU is software, which is never preferred. */
  engines: Type.Array(EngineDrawing),
});
export type ProbeResult = Static<typeof ProbeResult>;

/**
 * How much faster than a back end before it in the order of hope one must be to be taken: WebGPU comes after WebGL. They are
 * timed one after the other, and on a busy machine even the fastest of several draws varies by a factor of two.
 */
const CLEARLY_FASTER = 2;

/**
 * The fastest back end that draws right; null when none does. SwiftShader is the last resort whatever its time: the
 * canary is small, and in scenes of a quarter of a million triangles it takes three times as long as llvmpipe.
 */
export function bestWebgl({ webgl }: ProbeResult): GlCandidate | null {
  let best: GlCandidate | null = null;
  for (const one of webgl) {
    if (!one.correct || one.drawMs === null) continue;
    if (best !== null && one.backend === 'swiftshader') continue;
    if (best === null || one.drawMs * CLEARLY_FASTER < (best.drawMs ?? 0)) best = one;
  }
  return best;
}

/** The first WebGPU back end that draws right: the browser's default comes before software. */
export const bestWebgpu = (result: ProbeResult): WebgpuCandidate | null =>
  result.webgpu.find((one) => one.correct) ?? null;

/** WebGPU on the processor: slower than WebGL in all scenes that were measured (`infra/adr/0008-webgpu.md`). */
export const isSoftwareWebgpu = ({ backend, adapter }: WebgpuCandidate): boolean =>
  backend === 'swiftshader' || /swiftshader|llvmpipe|lavapipe|softpipe|software/i.test(adapter ?? '');

const drawingOf = ({ engines }: ProbeResult, { engine, backend }: Capability): EngineDrawing | null =>
  engines.find((one) => one.engine === engine && one.backend === backend) ?? null;

/** What `auto` is of each engine: WebGL, unless it draws wrong or WebGPU is clearly faster. */
export const autoBackendsOf = (result: ProbeResult): AutoBackends => ({
  raster: autoBackendOf(result, 'raster'),
  pathtrace: autoBackendOf(result, 'pathtrace'),
});

function autoBackendOf(result: ProbeResult, engine: Engine): Backend {
  const adapter = bestWebgpu(result);
  if (adapter === null || isSoftwareWebgpu(adapter)) return 'webgl';
  const [webgl, webgpu] = [
    drawingOf(result, { engine, backend: 'webgl' }),
    drawingOf(result, { engine, backend: 'webgpu' }),
  ];
  if (!webgl || !webgpu?.correct || webgpu.drawMs === null) return 'webgl';
  if (!webgl.correct || webgl.drawMs === null) return 'webgpu';
  return webgpu.drawMs * CLEARLY_FASTER < webgl.drawMs ? 'webgpu' : 'webgl';
}

/** Engines with the interfaces that they draw right with, as far as they were tried. */
export const abilitiesOf = (result: ProbeResult): Capability[] =>
  ENGINE_ABILITIES.filter((ability) => {
    const drawing = drawingOf(result, ability);
    if (ability.backend === 'webgl') return bestWebgl(result) !== null && drawing?.correct !== false;
    // One that took the page with it was tried, and has no answer.
    return bestWebgpu(result) !== null && (result.engines.length === 0 || drawing?.correct === true);
  });

/** Frames of one adapter class are byte for byte the same (see `AdapterClass`). */
export function adapterClassOf(result: ProbeResult, chosen: GlCandidate): string {
  const webgpu = bestWebgpu(result)?.adapter;
  const auto = Object.entries(autoBackendsOf(result)).filter(([, backend]) => backend !== 'webgl');
  const parts = [chosen.renderer, result.driver, result.browserVersion, chosen.pixelsSha256, webgpu, ...auto.flat()];
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16);
}
