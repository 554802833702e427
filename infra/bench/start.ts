import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { REPOSITORY } from '../src/repository.ts';
import { startTrialFarm } from '../src/trial/trial-farm.ts';
import { type Bench, median } from './measure.ts';

const run = promisify(execFile);
const SECOND_STARTS = 3;

export const startBench: Bench = {
  name: 'start',
  about: 'seconds from npm start to ready, in a fresh clone and again',
  async run(report) {
    const folder = await mkdtemp(join(tmpdir(), 'kiln-bench-clone-'));
    try {
      const repository = join(folder, 'kiln');
      await run('git', ['clone', '--quiet', '--depth', '1', `file://${REPOSITORY}`, repository]);
      const home = join(repository, '.kiln');
      const first = await startTrialFarm({ repository, home, readyTimeoutMs: 600_000 });
      await first.stop();
      report({ name: 'start.first', value: first.readyMs / 1_000, unit: 's', target: '' });
      const again: number[] = [];
      for (let i = 0; i < SECOND_STARTS; i++) {
        const farm = await startTrialFarm({ repository, home });
        again.push(farm.readyMs / 1_000);
        await farm.stop();
      }
      report({ name: 'start.second', value: median(again), unit: 's', target: '≤ 5' });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
