/**
 * Which worker draws a session. Pure: one with room, preferably with the scene loaded for the tenant. What room there is
 * goes first to tenants that have less than their share of it.
 */
import type { WorkerIdentity, WorkerStatus } from '@kiln/shared';

export interface SessionWorker {
  readonly id: string;
  readonly identity: Pick<WorkerIdentity, 'maxSessions' | 'capabilities'>;
  readonly status: WorkerStatus | null;
  /** Taken only when there is no other. @defaultValue false */
  readonly isSuspended?: boolean;
  /** Sessions that it has. */
  readonly sessions: number;
}

/** Open sessions of one tenant, but for the one that is placed. */
export interface SessionDemand {
  readonly tenantId: string;
  /** Those that a worker draws, or is asked to. */
  readonly drawn: number;
  readonly waiting: number;
}

export interface SessionNeed {
  readonly tenantId: string;
  readonly sceneHash: string;
  /** Workers that just failed this session: taken only when there is no other. */
  readonly avoid: ReadonlySet<string>;
  /** A worker that must not be taken, because it is gone. */
  readonly gone: ReadonlySet<string>;
}

/** Null when no worker has room, or others wait for what there is with a better right. */
export function placeSession(
  workers: readonly SessionWorker[],
  need: SessionNeed,
  demands: readonly SessionDemand[],
): string | null {
  const able = workers.filter(isAble);
  if (!hasTurn(able, need.tenantId, demands)) return null;
  let best: string | null = null;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const worker of able) {
    if (need.gone.has(worker.id) || roomOf(worker) === 0) continue;
    const cost = costOf(worker, need);
    if (cost < bestCost) {
      best = worker.id;
      bestCost = cost;
    }
  }
  return best;
}

/** The live view is drawn by the raster engine. */
const isAble = ({ identity }: SessionWorker) => identity.capabilities.some(({ engine }) => engine === 'raster');

const roomOf = ({ identity, sessions }: SessionWorker) => Math.max(0, identity.maxSessions - sessions);

const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0);

/**
 * A tenant below its share (all slots by the tenants that want some) has its turn. One that has its share takes no slot
 * that a tenant below waits for.
 */
function hasTurn(workers: readonly SessionWorker[], tenantId: string, demands: readonly SessionDemand[]): boolean {
  const own = demands.find((demand) => demand.tenantId === tenantId)?.drawn ?? 0;
  const others = demands.filter((demand) => demand.tenantId !== tenantId);
  const share = sum(workers.map(({ identity }) => identity.maxSessions)) / (others.length + 1);
  if (own + 1 <= Math.max(1, share)) return true;
  const owed = others.map(({ drawn, waiting }) => Math.min(waiting, Math.max(0, Math.ceil(share - drawn))));
  return sum(workers.map(roomOf)) > sum(owed);
}

function costOf({ id, status, isSuspended, sessions, identity }: SessionWorker, need: SessionNeed): number {
  const loaded = status?.scenes.some((scene) => scene.tenantId === need.tenantId && scene.sceneHash === need.sceneHash);
  const known = status?.browsers.some((browser) => browser.tenantId === need.tenantId);
  const fit = loaded ? 0 : known ? 1 : 2;
  return (need.avoid.has(id) || isSuspended ? 10 : 0) + fit + sessions / (identity.maxSessions + 1);
}
