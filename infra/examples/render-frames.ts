/**
 * Renders frames of a scene that is on the farm, and keeps each as soon as it is done.
 *
 * `KILN_URL=http://127.0.0.1:7700 KILN_API_KEY=… npx tsx infra/examples/render-frames.ts SCENE 1-24 FOLDER`
 */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { env } from 'node:process';
import { allPages, createClient, type Frame, openEvents } from '@kiln/shared';
import { WebSocket } from 'ws';

const { KILN_URL: url = '', KILN_API_KEY: apiKey = '' } = env;
const [sceneId = '', frames = '', folder = ''] = process.argv.slice(2);
const client = createClient({ url, apiKey, fetch });
await mkdir(folder, { recursive: true });

/** One download of each, however often it is heard of. */
const kept = new Map<string, Promise<void>>();

async function download(frame: Frame): Promise<void> {
  const response = await fetch(client.urls.frame(frame), { headers: client.headers });
  if (!response.ok) throw new Error(`frame ${frame.frameNumber}: ${response.status}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const hash = createHash('sha256').update(bytes).digest('hex');
  if (hash !== frame.sha256) throw new Error(`frame ${frame.frameNumber} came as something else`);
  await writeFile(join(folder, frame.fileName), bytes);
  console.log(frame.fileName);
}

const keep = (frame: Frame) => {
  if (!kept.has(frame.fileName)) kept.set(frame.fileName, download(frame));
};

const job = await client.createJob({
  body: { sceneId, layers: [{ frames, size: { widthPx: 320, heightPx: 180 } }] },
});

await new Promise<void>((resolve, reject) => {
  const events = openEvents({
    ...{ url, apiKey, WebSocket, jobId: job.id },
    setTimer: (action, afterMs) => {
      const timer = setTimeout(action, afterMs);
      return () => clearTimeout(timer);
    },
    onEvent: (event) => {
      if (event.type === 'frame') keep(event.data);
      if (event.type === 'job' && event.data.endedAt !== null) end();
    },
    onState: (now) => {
      if (now.state === 'live') catchUp().catch(reject);
      if (now.state === 'closed' && now.error) reject(now.error);
    },
  });
  const end = () => {
    events.close();
    resolve();
  };
  /** What was done before the stream began, or while it was away for too long. */
  const catchUp = async () => {
    for await (const frame of allPages((query) => client.listFrames({ params: { jobId: job.id }, query }))) keep(frame);
    const { endedAt } = await client.getJob({ params: { jobId: job.id } });
    if (endedAt !== null) end();
  };
});
// The last may have been recorded while the stream was away.
for await (const frame of allPages((query) => client.listFrames({ params: { jobId: job.id }, query }))) keep(frame);
await Promise.all(kept.values());

const { state, framesDone } = await client.getJob({ params: { jobId: job.id } });
console.log(`${job.id} ${state}: ${framesDone} frames`);
process.exitCode = state === 'succeeded' ? 0 : 1;
