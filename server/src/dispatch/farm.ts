/** The scheduling side of a server, put together: jobs, dispatch, queues, workers, events and live sessions. */
import { API_PREFIX, LEASE_MS, LIMITS, WORKER_ROUTES } from '@kiln/shared';
import type { FastifyInstance } from 'fastify';
import { BudgetWatch } from '../estimates/budget-watch.ts';
import { registerEstimates } from '../estimates/estimate-routes.ts';
import { Estimates } from '../estimates/estimates.ts';
import { UseMeter } from '../estimates/use-meter.ts';
import { RedisBus } from '../events/bus.ts';
import { type Change, createChange } from '../events/changes.ts';
import type { LoggedEvent } from '../events/event-log.ts';
import { serveEvents } from '../events/events-socket.ts';
import { Feed } from '../events/feed.ts';
import { FrameProgressBoard } from '../events/frame-progress.ts';
import { JobProgress } from '../events/job-progress.ts';
import { registerFilms } from '../films/film-routes.ts';
import { createOriginCheck } from '../http/origin.ts';
import { AbilityMemory } from '../jobs/abilities.ts';
import { archiveJob } from '../jobs/archive.ts';
import { settleChunks } from '../jobs/chunk-length.ts';
import { FullStore } from '../jobs/full-store.ts';
import { tellGates } from '../jobs/holds.ts';
import { JobLayers } from '../jobs/layers.ts';
import { Purges } from '../jobs/purge.ts';
import { JobReader } from '../jobs/read-jobs.ts';
import { releaseBeginnings } from '../jobs/release-beginnings.ts';
import { registerJobs } from '../jobs/routes.ts';
import { Submissions } from '../jobs/submit.ts';
import { LiveServers } from '../live/live-servers.ts';
import { LiveSessions } from '../live/live-sessions.ts';
import { registerSessions } from '../live/routes.ts';
import { SessionRows } from '../live/session-rows.ts';
import { ViewJobs } from '../live/view-jobs.ts';
import { registerLimits } from '../named-limits/limit-routes.ts';
import { BullDeliveryQueues } from '../queue/delivery-queues.ts';
import { connectRedis } from '../queue/redis.ts';
import { warnOfSettings } from '../queue/redis-settings.ts';
import { AclWorkerAccess } from '../queue/worker-access.ts';
import { redisSignals } from '../queue/worker-signals.ts';
import type { Farm, FarmHealth, Services } from '../services.ts';
import { SigningKey } from '../tokens/signing-key.ts';
import { registerTokens } from '../tokens/token-routes.ts';
import { ViewTokens } from '../tokens/view-tokens.ts';
import { nameServers } from '../webhooks/destination.ts';
import { addressGuard } from '../webhooks/special-addresses.ts';
import { registerWebhooks } from '../webhooks/webhook-routes.ts';
import { WebhookSender } from '../webhooks/webhook-sender.ts';
import { Webhooks } from '../webhooks/webhooks.ts';
import { registerWorkerRoutes } from '../workers/routes.ts';
import { SceneFiles } from '../workers/scene-files.ts';
import { newSecret } from '../workers/secrets.ts';
import { WorkerIdentities } from '../workers/worker-identity.ts';
import { AttemptMemory } from './attempt-facts.ts';
import { Dispatcher } from './dispatcher.ts';
import type { EndedAttempt } from './end-attempts.ts';
import { DISPATCH_LIMITS, LIVE_LIMITS } from './limits.ts';
import { Results } from './results.ts';
import { settleEnded } from './settle.ts';

export interface FarmRuntime extends Farm {
  /** Adds the routes and sockets of the scheduling side. */
  register(app: FastifyInstance): void;
  /** Begins to dispatch. */
  start(): Promise<void>;
  /** Tells viewers and dashboards that the server stops, and lets another one lead. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** Times that tests shorten. */
export interface FarmTiming {
  readonly leaseMs: number;
  readonly liveLeaseMs: number;
  readonly findWorkerMs: number;
}

const TIMING: FarmTiming = {
  leaseMs: LEASE_MS,
  liveLeaseMs: LIMITS.liveLeaseMs,
  findWorkerMs: LIVE_LIMITS.findWorkerMs,
};

export async function openFarm(services: Services, timing: Partial<FarmTiming> = {}): Promise<FarmRuntime> {
  const { leaseMs, liveLeaseMs, findWorkerMs } = { ...TIMING, ...timing };
  const { config, log, clock, store, objects, random, newId, serverId } = services;
  const { db } = store;
  const now = () => clock.now();

  const redis = connectRedis(config.redisUrl, log);
  const bus = new RedisBus(redis, serverId, log);
  const queues = new BullDeliveryQueues(redis, log);
  const signals = redisSignals(redis, log);
  const access = new AclWorkerAccess(redis, config.redisUrl, log);

  const feed = new Feed(db, log);
  await feed.start();
  const announce = (events: readonly LoggedEvent[]) => {
    const newest = events.at(-1);
    if (!newest) return;
    feed.announce(events);
    bus.tell({ type: 'events', upTo: newest.id });
  };
  const change: Change = createChange({ db, now, announce });
  bus.listen((message) => {
    if (message.type === 'events' && message.upTo > feed.cursor) feed.catchUp();
  });

  const layers = new JobLayers();
  const progress = new JobProgress({ change, log, spacingMs: DISPATCH_LIMITS.jobEventSpacingMs });
  const attempts = new AttemptMemory(db, layers, LIMITS.importTimeoutMs);
  const frameProgress = new FrameProgressBoard({ db, bus, clock, facts: (ids) => attempts.facts(ids) });
  const fullStore = new FullStore({ bus, clock, log });
  const abilities = new AbilityMemory(db, clock);
  const workers = new WorkerIdentities(db, clock);
  const dialUrl = () =>
    `${(config.serverUrl ?? services.advertisedUrl()).replace(/^http/, 'ws')}${API_PREFIX}${WORKER_ROUTES.live.path}`;
  const scene = (sceneId: string) => attempts.scene(sceneId);
  const rows = new SessionRows({ db, serverId, dialUrl, leaseMs: liveLeaseMs, workerLeaseMs: leaseMs, scene });
  const tokens = new ViewTokens({
    ...{ db, clock, newId },
    key: new SigningKey(db, random),
    onRevoked: (tokenId, sessionIds) => live.revokeToken(tokenId, sessionIds),
  });
  const live: LiveSessions = new LiveSessions({
    services,
    rows,
    serverId,
    servers: new LiveServers({ db, serverId, address: services.ownAddress }),
    workers,
    signals,
    bus,
    dialUrl,
    leaseMs: liveLeaseMs,
    findWorkerMs,
    scene,
    tokens,
    origins: createOriginCheck(config),
  });

  const queueIsUp = () => redis.isUp();
  const settle = (ended: readonly EndedAttempt[]) => settleEnded(ended, { services, queues, queueIsUp, signals, bus });
  const ending = { now, objects };
  const results = new Results({
    services,
    change,
    announce,
    progress,
    frameProgress,
    bus,
    leaseMs,
    ending,
    settle,
  });
  const purges = new Purges({ db, change, objects, log, now });
  const dispatcher = new Dispatcher({
    store,
    change,
    queues,
    bus,
    log,
    clock,
    leaseMs,
    shareHalfLifeMs: config.shareHalfLifeMs,
    queueIsUp,
    settle,
    ending,
    remember: (given) => attempts.remember(given),
    assigning: { newId, newToken: () => newSecret(random), now },
    forgetWorker: async (workerId) => {
      await queues.remove(workerId);
      await access.revoke(workerId);
    },
    alsoEachTick: async () => {
      sender.wake();
      purges.wake();
      await live.endExpired();
      await meter.read();
      await estimates.settle();
      await budgets.look();
      await tellGates(db, change);
      await settleChunks(db);
      if ((await releaseBeginnings(db, change)) > 0) wake();
    },
  });
  const guard = addressGuard(config.webhookPrivate);
  const lookUp = nameServers(config.webhookPrivate.length > 0);
  const sender = new WebhookSender({ db, guard, lookUp, clock, random, log, leads: () => dispatcher.leads });
  const wake = () => bus.tell({ type: 'wake', why: 'work', afterMs: 0 });

  const meter = new UseMeter(db);
  const budgets = new BudgetWatch({ db, change, ending, settle, wake });
  const submissions = new Submissions({
    ...{ db, change, objects, abilities, layers, newId, now, onSubmitted: wake },
    estimates: () => estimates,
  });
  const estimates = new Estimates({
    ...{ db, newId, now, price: config.slotPrice },
    compile: (tenantId, request) => submissions.compile(tenantId, request),
    submit: (tenantId, request) => submissions.submit(tenantId, request),
    putAway: (tenantId, jobId) =>
      archiveJob(tenantId, jobId, true, { change, layers, now }).catch((error: unknown) =>
        log.info({ err: error, jobId }, 'the job of an estimate stays in the lists'),
      ),
  });

  let events: ReturnType<typeof serveEvents> | null = null;
  return {
    change,
    purges,
    onTaskReady: wake,
    register(app) {
      events = serveEvents({ services, feed, frameProgress });
      live.register();
      const reader = new JobReader({
        db,
        layers,
        progress: frameProgress,
        fullStore,
        price: config.slotPrice,
        shareHalfLifeMs: config.shareHalfLifeMs,
      });
      registerFilms(app, services, reader);
      registerJobs(app, {
        submissions,
        reader,
        abilities,
        cancelling: { change, layers, now },
        controlling: { change, layers, ending, price: config.slotPrice },
        archiving: { change, layers, now },
        purges,
        wake,
        settle,
      });
      registerEstimates(app, estimates);
      registerWebhooks(app, new Webhooks({ db, guard, lookUp, newId, random, now, wake: () => sender.wake() }));
      registerLimits(app, { db, wake });
      registerTokens(app, tokens);
      registerSessions(app, { rows, live, viewJobs: new ViewJobs({ live, rows, serverId, submissions, log }) });
      registerWorkerRoutes(app, {
        services,
        change,
        access,
        abilities,
        workers,
        attempts,
        results,
        fullStore,
        files: new SceneFiles({ db, objects, clock }),
        queues,
        queueIsUp,
        bus,
        ending,
        settle,
        leaseMs,
        frameProgress,
        sessions: (workerId, held) => rows.forWorker(workerId, held),
      });
    },
    async start() {
      redis.onUp(() => {
        void warnOfSettings(redis, log);
        void restoreAccess();
        // What other servers said meanwhile was not heard.
        feed.catchUp();
        wake();
      });
      dispatcher.start();
      await live.start();
    },
    async drain() {
      events?.drain();
      await live.drain();
      await sender.stop();
      await purges.stop();
      await dispatcher.stop();
    },
    async close() {
      progress.close();
      await sender.stop();
      await purges.stop();
      await dispatcher.stop();
      await queues.close();
      redis.close();
    },
    health,
  };

  /** Redis forgets its users when it restarts. */
  async function restoreAccess(): Promise<void> {
    try {
      await access.check();
      const known = await db
        .selectFrom('workers')
        .select(['id', 'secret_hash'])
        .where('state', 'in', ['ready', 'draining'])
        .execute();
      for (const worker of known) await access.grant(worker.id, worker.secret_hash);
    } catch (error) {
      log.info({ err: error }, 'access of workers to Redis was not restored; they register again');
    }
  }

  async function health(): Promise<FarmHealth> {
    const ready = await db.selectFrom('workers').select('identity').where('state', '=', 'ready').execute();
    return {
      queue: redis.isUp() && (await answers()) ? 'ok' : 'down',
      workersReady: ready.length,
      sandboxed: ready.every(({ identity }) => identity.sandboxed),
      workersConfined: access.isConfined() !== false,
    };
  }

  async function answers(): Promise<boolean> {
    try {
      return (await redis.commands.ping()) === 'PONG';
    } catch {
      return false;
    }
  }
}
