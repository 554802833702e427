import type { Health } from '@kiln/shared';
import { KilnError } from '@kiln/shared';
import type { FastifyInstance } from 'fastify';
import type { Lifecycle } from '../http/lifecycle.ts';
import { route } from '../http/route.ts';
import type { Farm, FarmHealth, Services } from '../services.ts';
import { EventLoopWatch } from './event-loop.ts';

/** What is said of a scheduling side that does not answer. */
const FARM_DOWN: FarmHealth = { queue: 'down', workersReady: 0, sandboxed: true, workersConfined: true };

export interface HealthParts {
  readonly services: Pick<Services, 'store' | 'objects'>;
  readonly farm: Pick<Farm, 'health'>;
  readonly lifecycle: Lifecycle;
  readonly version: string;
}

export function registerHealth(app: FastifyInstance, { services, farm, lifecycle, version }: HealthParts): void {
  route(app, 'health', async ({ reply }) => {
    const [parts, farmHealth] = await Promise.all([partsOf(services), farm.health().catch(() => FARM_DOWN)]);
    const isWhole = parts.store === 'ok' && parts.objects === 'ok' && farmHealth.queue === 'ok';
    const health: Health = {
      status: lifecycle.phase === 'draining' ? 'draining' : isWhole ? 'ok' : 'degraded',
      version,
      parts: { ...parts, queue: farmHealth.queue },
      workersReady: farmHealth.workersReady,
      sandboxed: farmHealth.sandboxed,
      workersConfined: farmHealth.workersConfined,
    };
    if (health.status !== 'ok') reply.code(503);
    return health;
  });

  route(app, 'live', async () => ({}));

  route(app, 'ready', async () => {
    if (lifecycle.phase === 'ready') return {};
    throw new KilnError('server.draining', `the server is ${lifecycle.phase}: ask another, or again soon`);
  });

  const eventLoop = new EventLoopWatch();
  app.addHook('onClose', async () => eventLoop.stop());
  route(app, 'eventLoop', async () => eventLoop.take());
}

async function partsOf({
  store,
  objects,
}: HealthParts['services']): Promise<Pick<Health['parts'], 'store' | 'objects'>> {
  const [storeState, objectState] = await Promise.all([
    store.ping().then(
      () => 'ok' as const,
      () => 'down' as const,
    ),
    objects.freeBytes().then(
      (free) => (free !== null && free <= 0 ? ('full' as const) : ('ok' as const)),
      () => 'down' as const,
    ),
  ]);
  return { store: storeState, objects: objectState };
}
