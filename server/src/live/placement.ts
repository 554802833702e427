/** Which worker draws a session. Pure: one with room, preferably with the scene loaded for the tenant. */
import type { WorkerIdentity, WorkerStatus } from '@kiln/shared';

export interface SessionWorker {
  readonly id: string;
  readonly identity: Pick<WorkerIdentity, 'maxSessions' | 'capabilities'>;
  readonly status: WorkerStatus | null;
  /** Sessions that it has. */
  readonly sessions: number;
}

export interface SessionNeed {
  readonly tenantId: string;
  readonly sceneHash: string;
  /** Workers that just failed this session: taken only when there is no other. */
  readonly avoid: ReadonlySet<string>;
  /** A worker that must not be taken, because it is gone. */
  readonly gone: ReadonlySet<string>;
}

/** Null when no worker has room. */
export function placeSession(workers: readonly SessionWorker[], need: SessionNeed): string | null {
  let best: string | null = null;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const worker of workers) {
    if (need.gone.has(worker.id) || worker.sessions >= worker.identity.maxSessions) continue;
    // The live view is drawn by the raster engine.
    if (!worker.identity.capabilities.some(({ engine }) => engine === 'raster')) continue;
    const cost = costOf(worker, need);
    if (cost < bestCost) {
      best = worker.id;
      bestCost = cost;
    }
  }
  return best;
}

function costOf({ id, status, sessions, identity }: SessionWorker, need: SessionNeed): number {
  const loaded = status?.scenes.some((scene) => scene.tenantId === need.tenantId && scene.sceneHash === need.sceneHash);
  const known = status?.browsers.some((browser) => browser.tenantId === need.tenantId);
  const fit = loaded ? 0 : known ? 1 : 2;
  return (need.avoid.has(id) ? 10 : 0) + fit + sessions / (identity.maxSessions + 1);
}
