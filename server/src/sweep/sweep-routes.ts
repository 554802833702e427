import type { FastifyInstance } from 'fastify';
import { route } from '../http/route.ts';
import { SERVER_LIMITS } from '../limits.ts';
import { sweep } from './sweep.ts';
import type { SweepParts } from './sweep-parts.ts';

export interface HourlySweep {
  start(): void;
  /** Waits for a sweep that is under way. */
  stop(): Promise<void>;
}

/** One sweep at a time; asking while one runs waits for it and then runs another. */
export function registerSweep(app: FastifyInstance, parts: SweepParts): HourlySweep {
  const { log } = parts.services;
  let last: Promise<unknown> = Promise.resolve();
  const inOrder = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work, work);
    last = result.catch(() => {});
    return result;
  };

  route(app, 'sweep', ({ body }) => inOrder(() => sweep(parts, body.dryRun)));

  let timer: NodeJS.Timeout | null = null;
  return {
    start() {
      timer = setInterval(() => {
        inOrder(() => sweep(parts, false)).then(
          (report) => log.info(report, 'swept'),
          (error: unknown) => log.error({ err: error }, 'the sweep failed'),
        );
      }, SERVER_LIMITS.sweepEveryMs);
      timer.unref();
    },
    async stop() {
      if (timer !== null) clearInterval(timer);
      await last;
    },
  };
}
