/**
 * BullMQ by itself: what a queue takes when nothing is recorded. Deliveries of the same size and options as a farm's, added in
 * bulk and processed by doing nothing.
 *
 * `bull-alone.ts add|process REDISURL QUEUES CONCURRENCY`, as a child process: it says `{ ready: true }`; the adder is told
 * `{ count }` and adds so many to all queues in turn, the processor says `{ processed }` as it
 * goes on, and when it is asked. Ends when it is told to.
 */
import { newId } from '@kiln/shared';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

const [role = '', url = '', queues = '1', concurrency = '1'] = process.argv.slice(2);
const PREFIX = 'alone';
/** Deliveries of one call: what a pass of the dispatcher gives at most. */
const BULK = 256;
/** As far apart as nobody who waits for the last one notices. */
const TELL_MS = 5;

const names = Array.from({ length: Number(queues) }, (_, at) => `queue-${at}`);
const connect = () => new Redis(url.replace(/^unix:/, ''), { maxRetriesPerRequest: null });
process.on('disconnect', () => process.exit(0));
if (role === 'add') serveAdding();
else await serveProcessing();
process.send?.({ ready: true });

function serveAdding(): void {
  const connection = connect();
  connection.setMaxListeners(0);
  const open = names.map(
    (name) => new Queue(name, { connection, prefix: PREFIX, streams: { events: { maxLen: 10 } } }),
  );
  process.on('message', ({ count }: { readonly count: number }) => void add(open, count));
}

/** The queues get their part of each call side by side. */
async function add(open: readonly Queue[], count: number): Promise<void> {
  for (let from = 0; from < count; from += BULK) {
    const some = Array.from({ length: Math.min(BULK, count - from) }, delivery);
    await Promise.all(open.map((queue, at) => queue.addBulk(some.filter((_, n) => n % open.length === at))));
  }
}

function delivery() {
  const [taskId, attemptId] = [newId('task', fill), newId('attempt', fill)];
  const opts = { jobId: `${taskId}-1`, attempts: 1, removeOnComplete: true, removeOnFail: true };
  return { name: 'attempt', data: { attemptId, taskId, leaseToken: attemptId.repeat(2) }, opts };
}

const fill = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes);

async function serveProcessing(): Promise<void> {
  let processed = 0;
  let told = 0;
  const open = names.map(
    (name) =>
      new Worker(
        name,
        async () => {
          processed++;
        },
        {
          connection: connect(),
          prefix: PREFIX,
          concurrency: Number(concurrency),
          lockDuration: 120_000,
          drainDelay: 5,
          maxStalledCount: 0,
          removeOnComplete: { count: 0 },
          removeOnFail: { count: 0 },
        },
      ),
  );
  await Promise.all(open.map((worker) => worker.waitUntilReady()));
  process.on('message', () => process.send?.({ processed }));
  setInterval(() => {
    if (processed === told) return;
    told = processed;
    process.send?.({ processed });
  }, TELL_MS);
}
