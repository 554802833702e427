/** What a job would take, asked of the farm, which may draw a few pictures for it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Estimate, type JobEstimate, type JobRequest, type JobWait, KilnError } from '@kiln/shared';
import type { FarmClient } from '../connection.ts';
import { patiently } from '../patiently.ts';

export interface EstimateObserver {
  /** Pictures of the probe. */
  measuring(done: number, total: number): void;
  /** What keeps it from being drawn; often. */
  waitsFor(wait: JobWait): void;
}

export interface MadeEstimate extends Estimate {
  readonly estimate: JobEstimate;
}

const ASK_MS = 500;

/** @throws KilnError why none can be made; the signal's reason; the probe goes on then: others may wait for it. */
export async function estimateJob(
  { client }: FarmClient,
  body: JobRequest,
  observer: EstimateObserver,
  signal: AbortSignal,
): Promise<MadeEstimate> {
  let estimate = await client.createEstimate({ body });
  const { id: estimateId, probeJobId } = estimate;
  while (estimate.state === 'measuring') {
    if (probeJobId !== null) {
      const probe = await patiently(() => client.getJob({ params: { jobId: probeJobId } }), signal);
      if (probe.waitsFor) observer.waitsFor(probe.waitsFor);
      else observer.measuring(probe.framesDone, probe.frameCount);
    }
    await sleep(ASK_MS, undefined, { signal }).catch(() => undefined);
    estimate = await patiently(() => client.getEstimate({ params: { estimateId } }), signal);
  }
  if (estimate.estimate !== null) return { ...estimate, estimate: estimate.estimate };
  const why = estimate.error?.message ?? 'its probe ended without a result';
  throw new KilnError('render.failed', `what it would take could not be measured: ${why}`);
}
