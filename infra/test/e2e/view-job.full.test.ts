import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job, Task } from '@kiln/shared';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startTrialFarm, type TrialFarm } from '../../src/trial/trial-farm.ts';
import { kiln } from './support/kiln.ts';
import { until } from './support/processes.ts';
import { boxScene } from './support/scenes.ts';

/** Ends what hangs; no measurement. */
const HANGS_MS = 600_000;
vi.setConfig({ testTimeout: HANGS_MS, hookTimeout: HANGS_MS });

let farm: TrialFarm;
let scene: string;

beforeAll(async () => {
  farm = await startTrialFarm({ env: { KILN_WORKERS: '1' } });
  scene = join(farm.home, 'box.glb');
  await writeFile(scene, boxScene([0, 0, 1]));
});
afterAll(() => farm?.remove());

type ShownJob = Job & { readonly tasks: Task[] };
const jobOf = async (id: string): Promise<ShownJob> => JSON.parse((await kiln(farm, 'job', id, '--json')).stdout);

/** What `--camera` has of a pose. */
function cameraText({ settings: { camera } }: Job['layers'][number]): string {
  if (typeof camera !== 'object' || !('quaternion' in camera)) throw new Error('the job is of no pose');
  return `${camera.position.join()}:q=${camera.quaternion.join()}:${camera.fovDeg}`;
}

test.each([
  ['pathtrace', 24, 40],
  ['raster', 20, 20],
] as const)(
  '[LV39] a view of %s is sent to the farm with its samples, and is the file of kiln render',
  async (engine, seen, samples) => {
    const look = ['--engine', engine, '--size', '128x96', '--background', 'environment'];
    const sending = ['--samples', String(seen), '--render', '--render-samples', String(samples), '--json'];
    const live = await kiln(farm, 'live', scene, ...look, ...sending);
    expect(live.code, live.stderr).toBe(0);
    const events: { event: string; jobId?: string }[] = live.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const sent = events.find(({ event }) => event === 'job');
    expect(sent).toMatchObject({ reusedSamples: seen, notReused: null });
    const jobId = sent?.jobId ?? '';
    await until(async () => (await jobOf(jobId)).state === 'succeeded');
    const job = await jobOf(jobId);
    expect(job.reusedSamples).toBe(seen);
    const drawn = job.tasks.filter(({ kind }) => kind === 'render').flatMap(({ attempts }) => attempts);
    expect(drawn.map(({ resumedFromSample }) => resumedFromSample)).toEqual(seen < samples ? [seen] : []);

    const [sentTo, rendered] = [join(farm.home, `sent ${engine}`), join(farm.home, `rendered ${engine}`)];
    await mkdir(sentTo);
    expect((await kiln(farm, 'download', jobId, '--out', sentTo)).code).toBe(0);
    const [layer] = job.layers;
    if (!layer) throw new Error('the job has no layer');
    const same = ['--camera', cameraText(layer), '--samples', String(samples), '--tone-mapping', 'neutral'];
    const whole = await kiln(farm, 'render', scene, '--frames', '0', ...look, ...same, '--out', rendered);
    expect(whole.code, whole.stderr).toBe(0);
    const [made, twin] = await Promise.all([sentTo, rendered].map((folder) => readFile(join(folder, '0000.png'))));
    expect(made?.equals(twin ?? Buffer.alloc(0))).toBe(true);
  },
);
