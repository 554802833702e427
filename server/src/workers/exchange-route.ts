/** [WK24] Claims and small frames of several attempts in one request: each item has its own fate, as by its own route. */
import {
  type Assignment,
  ClaimItem,
  type ErrorBody,
  EXCHANGE_MEDIA_TYPE,
  type ExchangeAnswer,
  FrameItem,
  matches,
  parse,
  type SceneSource,
  WORKER_ROUTES,
} from '@kiln/shared';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AttemptFacts, AttemptMemory } from '../dispatch/attempt-facts.ts';
import type { FrameReport } from '../dispatch/record-frames.ts';
import type { Results } from '../dispatch/results.ts';
import { asKilnError, errorBody } from '../http/errors.ts';
import { apiPath } from '../http/request-identity.ts';
import type { FullStore } from '../jobs/full-store.ts';
import type { Services } from '../services.ts';
import { heldBy } from './attempt-access.ts';
import { claimAttempt } from './claim-attempt.ts';
import { storeFrame } from './deliver-frame.ts';
import { EXCHANGE_LIMITS } from './exchange-limits.ts';
import { type ReadExchange, readExchange } from './read-exchange.ts';
import type { WorkerIdentities } from './worker-identity.ts';

export interface ExchangeParts {
  readonly services: Pick<Services, 'objects' | 'store'>;
  readonly workers: WorkerIdentities;
  readonly attempts: AttemptMemory;
  readonly results: Results;
  readonly fullStore: FullStore;
  readonly leaseMs: number;
}

export function registerExchange(app: FastifyInstance, parts: ExchangeParts): void {
  const { bodyBytes: bodyLimit } = EXCHANGE_LIMITS;
  app.register(async (scope) => {
    scope.addContentTypeParser(EXCHANGE_MEDIA_TYPE, { parseAs: 'buffer', bodyLimit }, (_request, body, done) =>
      done(null, body),
    );
    scope.route<{ Body: Buffer }>({
      method: WORKER_ROUTES.exchange.method,
      url: apiPath(WORKER_ROUTES.exchange.path),
      schema: { hide: true },
      config: { identity: 'none' },
      logLevel: 'warn',
      handler: async (request, reply) => {
        const exchange = readExchange(request.body, EXCHANGE_LIMITS);
        const answer = await answerTo(exchange, await parts.workers.of(request.headers), request, parts);
        reply.type('application/json; charset=utf-8');
        return JSON.stringify(answer);
      },
    });
  });
}

async function answerTo(
  { claims, frames }: ReadExchange,
  workerId: string,
  request: FastifyRequest,
  parts: ExchangeParts,
): Promise<ExchangeAnswer> {
  const { attempts, results, leaseMs } = parts;
  const facts = await attempts.facts([...claims, ...frames.map(({ item }) => item)].flatMap(attemptIdOf));
  const held = (key: ClaimItem): AttemptFacts => heldBy(workerId, key, facts.get(key.attemptId));
  const told = <T>(work: () => Promise<T>) => outcomeOf(work, request);
  const claiming = { db: parts.services.store.db, attempts, results, leaseMs };
  const claim = (item: unknown) => told(async () => claimAttempt(held(parse(ClaimItem, item, 'the claim')), claiming));
  const store = ({ item, bytes }: ReadExchange['frames'][number]) =>
    told(async () => {
      const { frameNumber, mediaType, result, ...key } = parse(FrameItem, item, 'the frame');
      const frame = { attempt: held(key), frameNumber, mediaType, result, bytes: once(bytes) };
      return parts.fullStore.watch(frame.attempt, () => storeFrame(frame, parts.services.objects));
    });
  const record = async (stored: FrameReport | ErrorBody) => {
    if ('error' in stored) return stored;
    return told(async () => {
      const { taskDone } = await results.frame(stored);
      return { taskDone };
    });
  };
  const [claimed, taken] = await Promise.all([
    Promise.all(claims.map(claim)),
    // All are stored before the first is recorded, so that one transaction has them all.
    Promise.all(frames.map(store)).then((stored) => Promise.all(stored.map(record))),
  ]);
  return { ...withScenesOnce(claimed), frames: taken };
}

/** None of an item that is not as it should be. */
const attemptIdOf = (item: unknown): string[] => (matches(ClaimItem, item) ? [item.attemptId] : []);

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function outcomeOf<T>(work: () => Promise<T>, request: FastifyRequest): Promise<T | ErrorBody> {
  try {
    return await work();
  } catch (error) {
    const told = asKilnError(error);
    const log = { err: error, code: told.code };
    if (told.status >= 500) request.log.error(log, 'an item of an exchange failed');
    else request.log.debug(log, 'an item of an exchange was refused');
    return errorBody(told, request.id);
  }
}

/** A scene may have thousands of files. */
function withScenesOnce(claimed: readonly (Assignment | ErrorBody)[]): Pick<ExchangeAnswer, 'scenes' | 'claims'> {
  const places = new Map<SceneSource, number>();
  const claims = claimed.map((outcome) => {
    if ('error' in outcome) return outcome;
    const { scene, ...assignment } = outcome;
    const sceneIndex = places.get(scene) ?? places.size;
    places.set(scene, sceneIndex);
    return { assignment, sceneIndex };
  });
  return { scenes: [...places.keys()], claims };
}
