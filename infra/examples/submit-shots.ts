/**
 * Submits a job for each shot in one call, which is safe to repeat: a job of the same key is not made twice. Then says how each
 * goes.
 *
 * `KILN_URL=http://127.0.0.1:7700 KILN_API_KEY=… npx tsx infra/examples/submit-shots.ts SCENE sh010 sh020 …`
 */
import { env } from 'node:process';
import { allPages, createClient, type JobRequest } from '@kiln/shared';

const { KILN_URL: url = '', KILN_API_KEY: apiKey = '' } = env;
const [sceneId = '', ...shots] = process.argv.slice(2);
const client = createClient({ url, apiKey, fetch });

const jobs = shots.map(
  (name, index): JobRequest => ({
    ...{ sceneId, name, idempotencyKey: `${name}-v1`, tags: ['dailies'], priority: 60 - Math.min(index, 50) },
    layers: [{ frames: '1-2', size: { widthPx: 160, heightPx: 90 } }],
  }),
);
const { items } = await client.createJobs({ body: { jobs } });
console.log(`${items.length} jobs`);

for await (const job of allPages((query) => client.listJobs({ query: { ...query, tag: 'dailies' } }))) {
  console.log(
    `${job.id} ${job.name} ${job.state}: ${job.framesDone} of ${job.frameCount}. ${job.waitsFor?.message ?? ''}`,
  );
}
