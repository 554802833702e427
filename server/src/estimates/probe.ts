/** The job that is drawn to tell what another would take: a few frames of its layers, with few samples. */
import {
  type FrameRange,
  frameAt,
  frameCount,
  type JobRequest,
  type LayerRequest,
  parseFrameRange,
} from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { Database } from '../store/tables.ts';
import type { ProbeFrame, ProbeTimes } from './extrapolate.ts';
import type { LayerToMeasure } from './layer-to-measure.ts';
import { ESTIMATE_LIMITS } from './limits.ts';

/** The first, the middle one and the last, as they are named. */
function probedFrames(range: FrameRange): number[] {
  const last = frameCount(range) - 1;
  return [...new Set([0, Math.floor(last / 2), last])].map((index) => frameAt(range, index));
}

const layerName = (index: number, which: 'few' | 'more') => `${index}-${which}`;

/** Two pictures of each frame tell what a sample takes; few samples are drawn as they are. */
const samplesOf = ({ samples }: LayerToMeasure): readonly [few: number, more: number | null] =>
  samples > ESTIMATE_LIMITS.probeSamples ? [1, ESTIMATE_LIMITS.probeSamples] : [samples, null];

/** @param layers what is kept of each of the request's layers; those with a history are not probed. */
export function probeRequest(request: JobRequest, layers: readonly LayerToMeasure[], jobName: string): JobRequest {
  return {
    name: `${jobName.slice(0, 100)} (estimate)`,
    sceneId: request.sceneId,
    priority: ESTIMATE_LIMITS.probePriority,
    maxAttempts: ESTIMATE_LIMITS.probeAttempts,
    ...(request.user === undefined ? {} : { user: request.user }),
    ...(request.requires === undefined ? {} : { requires: request.requires }),
    ...(request.limits === undefined ? {} : { limits: request.limits }),
    ...(request.maxSlots === undefined ? {} : { maxSlots: request.maxSlots }),
    ...(request.maxPerHost === undefined ? {} : { maxPerHost: request.maxPerHost }),
    ...(request.frameTimeoutMs === undefined ? {} : { frameTimeoutMs: request.frameTimeoutMs }),
    classPolicy: 'prefer',
    notify: [],
    layers: request.layers.flatMap((layer, index): LayerRequest[] => {
      const measured = layers[index];
      if (!measured || measured.history !== null) return [];
      const [few, more] = samplesOf(measured);
      return [
        probeLayer(layer, measured, layerName(index, 'few'), few),
        ...(more === null ? [] : [probeLayer(layer, measured, layerName(index, 'more'), more)]),
      ];
    }),
  };
}

/** One task, so that what a worker does once is seen in its first picture. */
function probeLayer(layer: LayerRequest, { isDivided }: LayerToMeasure, name: string, samples: number): LayerRequest {
  const {
    films: _films,
    needs: _needs,
    testFrames: _tests,
    splitSamples: _split,
    noiseThreshold: _noise,
    timeLimitSec: _time,
    ...rest
  } = layer;
  const frames = probedFrames(parseFrameRange(layer.frames));
  return { ...rest, name, samples, frames: frames.join(','), chunk: isDivided ? 1 : frames.length };
}

/** What the pictures of a probe took, and loading the scene. */
export async function readProbe(
  db: Kysely<Database>,
  jobId: string,
  layers: readonly LayerToMeasure[],
): Promise<{ readonly times: readonly (ProbeTimes | null)[]; readonly loadSec: number }> {
  const rows = await db
    .selectFrom('frames as f')
    .innerJoin('layers as l', 'l.id', 'f.layer_id')
    .leftJoin('layer_use as u', 'u.layer_id', 'l.id')
    .select(['l.name', 'l.division', 'l.frame_count', 'f.frame_number', 'f.stages', 'u.slot_sec'])
    .where('f.job_id', '=', jobId)
    .orderBy('f.sequence')
    .execute();
  const framesOf = (name: string) =>
    rows.flatMap(({ stages, division, ...row }): ProbeFrame[] => {
      if (row.name !== name) return [];
      const encodeSec = stages.encode.durationMs / 1_000;
      // The parts of a divided frame tell their time by what was metered of them only.
      const drawSec = division === null ? stages.draw.durationMs / 1_000 : (row.slot_sec ?? 0) / row.frame_count;
      return [{ frameNumber: row.frame_number, drawSec, encodeSec }];
    });
  const loads = rows.map(({ stages: { fetch, load } }) => ((fetch?.durationMs ?? 0) + (load?.durationMs ?? 0)) / 1_000);
  return {
    loadSec: Math.max(0, ...loads),
    times: layers.map((layer, index) => {
      const few = framesOf(layerName(index, 'few'));
      const [fewSamples, moreSamples] = samplesOf(layer);
      const more = framesOf(layerName(index, 'more'));
      return few.length === 0 ? null : { few, more, fewSamples, moreSamples: moreSamples ?? fewSamples };
    }),
  };
}
