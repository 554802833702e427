/** What the benches do on a farm of their own: send the scene, run a job, know when it is done. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job, LayerRequest, LiveView, Scene, Size } from '@kiln/shared';
import { connect, type FarmClient } from '../src/cli/connection.ts';
import { follow } from '../src/cli/follow.ts';
import { jsonReporter } from '../src/cli/render/json-reporter.ts';
import { addScene } from '../src/cli/scene/add-scene.ts';
import { UploadMemory } from '../src/cli/scene/upload-memory.ts';
import { startTrialFarm, type TrialFarm } from '../src/trial/trial-farm.ts';
import { BENCH_LOOK } from './bench-look.ts';
import { benchScene } from './bench-scene.ts';

export const never = new AbortController().signal;

export const clientOf = ({ credentials: { url, apiKey } }: TrialFarm): FarmClient => connect({ url, apiKey });

/** Runs `work` on a fresh farm with `slots` pages, which is removed afterwards. */
export async function withFarm<T>(
  env: Readonly<Record<string, string>>,
  work: (farm: TrialFarm) => Promise<T>,
): Promise<T> {
  const farm = await startTrialFarm({ env: { KILN_NO_INSTALL: '1', ...env } });
  try {
    return await work(farm);
  } finally {
    await farm.remove();
  }
}

/** Runs `work` with a folder that holds the bench's scene as `bench.glb`. */
export async function withBenchScene<T>(work: (path: string) => Promise<T>, triangles?: number): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'kiln-bench-'));
  try {
    const path = join(folder, 'bench.glb');
    await writeFile(path, benchScene(triangles));
    return await work(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function send(farm: TrialFarm, path: string): Promise<Scene> {
  const quiet = jsonReporter(() => undefined);
  return addScene(clientOf(farm), path, new UploadMemory(join(farm.home, 'uploads.json')), quiet, never);
}

/** What a live view with depth shows of the bench's scene. */
export const benchView = (size: Size): LiveView => ({ ...BENCH_LOOK, size, frameNumber: 0, depth: true });

export interface JobRun {
  readonly job: Job;
  /** Milliseconds from submitting to each frame's event here, in the order of finishing. */
  readonly frameMs: readonly number[];
  /** From submitting to the job's end. */
  readonly totalMs: number;
}

/** Submits one layer and waits for the job's end. @throws Error when it does not succeed. */
export async function runJob(
  farm: TrialFarm,
  sceneId: string,
  layer: LayerRequest,
  onFrame: () => void = () => {},
): Promise<JobRun> {
  const client = clientOf(farm);
  const startedAt = performance.now();
  const job = await client.client.createJob({ body: { sceneId, layers: [layer] } });
  const frameMs: number[] = [];
  const last = await follow<Job>(
    client,
    {
      jobId: job.id,
      sync: async () => ended(await client.client.getJob({ params: { jobId: job.id } })),
      event: (event) => {
        if (event.type === 'frame') {
          frameMs.push(performance.now() - startedAt);
          onFrame();
        }
        return event.type === 'job' && event.data.id === job.id
          ? ended({ ...event.data, layers: job.layers })
          : undefined;
      },
    },
    never,
  );
  const totalMs = performance.now() - startedAt;
  if (last.state !== 'succeeded') throw new Error(`job ${job.id} ended ${last.state}: ${last.error?.message ?? ''}`);
  return { job: last, frameMs, totalMs };
}

const ended = (job: Job): Job | undefined =>
  job.state === 'succeeded' || job.state === 'failed' || job.state === 'cancelled' ? job : undefined;

export const sizeText = ({ widthPx, heightPx }: Size): string => `${widthPx}x${heightPx}`;
