/** What a job would take, asked of the farm, which may draw a few pictures for it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Estimate, type JobEstimate, type JobRequest, KilnError } from '@kiln/shared';
import type { FarmClient } from '../connection.ts';
import { patiently } from '../patiently.ts';

export interface EstimateObserver {
  /** Pictures of the probe. */
  measuring(done: number, total: number): void;
  noWorker(): void;
}

export interface MadeEstimate extends Estimate {
  readonly estimate: JobEstimate;
}

const ASK_MS = 500;

/** @throws KilnError why none can be made; the signal's reason, and the probe was cancelled then. */
export async function estimateJob(
  { client }: FarmClient,
  body: JobRequest,
  observer: EstimateObserver,
  signal: AbortSignal,
): Promise<MadeEstimate> {
  let estimate = await client.createEstimate({ body });
  const { id: estimateId, probeJobId } = estimate;
  try {
    while (estimate.state === 'measuring') {
      if (probeJobId !== null) {
        const probe = await patiently(() => client.getJob({ params: { jobId: probeJobId } }), signal);
        if (probe.waitsFor?.reason === 'workers') observer.noWorker();
        else observer.measuring(probe.framesDone, probe.frameCount);
      }
      await sleep(ASK_MS, undefined, { signal });
      estimate = await patiently(() => client.getEstimate({ params: { estimateId } }), signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    // One that has ended cannot be cancelled, which changes nothing.
    if (probeJobId !== null) await client.cancelJob({ params: { jobId: probeJobId } }).catch(() => undefined);
    throw signal.reason;
  }
  if (estimate.estimate !== null) return { ...estimate, estimate: estimate.estimate };
  const why = estimate.error?.message ?? 'its probe ended without a result';
  throw new KilnError('render.failed', `what it would take could not be measured: ${why}`);
}
