/** A job that would take more than its budget: measured, held, told of, approved, drawn. */
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { verifyWebhook, type WebhookMessage } from '@kiln/shared';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startTrialFarm, type TrialFarm } from '../../src/trial/trial-farm.ts';
import { kiln, startKiln } from './support/kiln.ts';
import { boxScene } from './support/scenes.ts';

/** Ends what hangs; no measurement. */
const HANGS_MS = 400_000;
vi.setConfig({ testTimeout: HANGS_MS, hookTimeout: HANGS_MS });

let farm: TrialFarm;
let receiver: Server;
const received: { readonly headers: Record<string, string>; readonly body: string }[] = [];

beforeAll(async () => {
  receiver = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    received.push({ headers, body: Buffer.concat(parts).toString() });
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  farm = await startTrialFarm({ env: { KILN_WEBHOOK_PRIVATE: '127.0.0.0/8' } });
});
afterAll(async () => {
  await farm?.remove();
  receiver?.close();
});

test('is measured and held; who is told of it by a webhook approves it, and it is drawn', async () => {
  const path = join(farm.home, 'box.glb');
  await writeFile(path, boxScene([0, 1, 0]));
  const scene = JSON.parse((await kiln(farm, 'scene', 'add', path, '--json')).stdout);
  const { port } = receiver.address() as AddressInfo;
  const { webhook, secret } = await farm.client.createWebhook({
    body: { url: `http://127.0.0.1:${port}/`, events: ['job.waiting', 'job.succeeded'] },
  });
  const job = await farm.client.createJob({
    body: {
      sceneId: scene.id,
      budget: '1s',
      layers: [{ frames: '1-24', size: { widthPx: 640, heightPx: 360 }, samples: 64 }],
      notify: [webhook.id],
    },
  });
  expect(job).toMatchObject({ state: 'paused', waitsFor: { reason: 'estimate' } });

  const watch = startKiln(farm, ['watch', job.id, '--json']);
  await vi.waitFor(() => expect(received).toHaveLength(1), { timeout: HANGS_MS });
  const told = await Promise.all(
    received.map((message) => verifyWebhook({ secret, ...message, subtle: crypto.subtle, nowMs: Date.now() })),
  );
  expect(told).toMatchObject([{ type: 'job.waiting', job: { id: job.id, waitsFor: { reason: 'budget' } } }]);
  expect((await farm.client.getJob({ params: { jobId: job.id } })).framesDone).toBe(0);
  const message = told[0]?.job?.waitsFor?.message ?? '';
  expect(message).toMatch(/^Would take about .* and its budget is 1s: `kiln job job_\w+ --approve` lets it go over/);
  expect((await kiln(farm, 'job', job.id)).stdout.replaceAll(/\s+/g, ' ')).toContain(message);
  expect((await kiln(farm, 'jobs')).stdout).toContain('approval: over its budget');

  expect((await kiln(farm, 'job', job.id, '--approve')).code).toBe(0);
  const { code, lines } = await watch.ended;
  expect(code).toBe(0);
  expect(lines.filter(({ event }) => event === 'waiting')).toContainEqual({
    event: 'waiting',
    ...told[0]?.job?.waitsFor,
  });
  expect(lines.at(-1)).toMatchObject({ state: 'succeeded', framesDone: 24 });
  await vi.waitFor(() => expect(received).toHaveLength(2), { timeout: HANGS_MS });
  const last: WebhookMessage = JSON.parse(received[1]?.body ?? '');
  expect(last).toMatchObject({ type: 'job.succeeded', job: { waitsFor: null, framesDone: 24 } });
});
