import { type Estimate, KilnError } from '@kiln/shared';
import { afterEach, expect, test } from 'vitest';
import { estimateJob } from '../../src/cli/render/estimate-job.ts';
import { jsonReporter } from '../../src/cli/render/json-reporter.ts';
import { jobIn, SCENE, type ScriptedFarm, startScriptedFarm } from './support/scripted-farm.ts';

let farm: ScriptedFarm;
afterEach(() => farm?.close());

const PROBE = jobIn('queued');
const ESTIMATE: Estimate = {
  id: `est_${'0'.repeat(20)}`,
  sceneId: SCENE.id,
  state: 'measuring',
  probeJobId: PROBE.id,
  estimate: null,
  error: null,
  createdAt: SCENE.createdAt,
};
const BODY = { sceneId: SCENE.id, layers: [{ size: { widthPx: 64, heightPx: 64 }, frames: '0' }] };

test('says what its probe waits for; Ctrl-C leaves that alone, for which others may wait', async () => {
  const waitsFor = { reason: 'requires', message: 'No worker that is here has the tag “fast”.' };
  farm = await startScriptedFarm((request) =>
    request.includes('/estimates') ? { body: ESTIMATE } : { body: { ...PROBE, waitsFor } },
  );
  const interrupt = new AbortController();
  const lines: unknown[] = [];
  const observer = jsonReporter((line) => lines.push(JSON.parse(line)));
  const made = estimateJob(farm.client, BODY, observer, interrupt.signal);
  await expect.poll(() => farm.requests.length).toBeGreaterThan(3);
  interrupt.abort(new KilnError('server.draining', 'interrupted'));
  await expect(made).rejects.toThrow('interrupted');
  expect(lines).toEqual([{ event: 'waiting', ...waitsFor }]);
  expect(farm.requests.filter((request) => request.startsWith('POST '))).toEqual(['POST /estimates']);
});
