/** Hints to workers over their own channel. They may be lost: the next heartbeat's answer says the same. */
import type { WorkerSignal } from '@kiln/shared';
import type { Logger } from 'pino';
import type { RedisConnections } from './redis.ts';

export const signalChannel = (workerId: string) => `kiln:signal:${workerId}`;

export interface WorkerSignals {
  /** Returns at once and never throws. */
  send(workerId: string, signal: WorkerSignal): void;
}

export const redisSignals = (redis: RedisConnections, log: Logger): WorkerSignals => ({
  send(workerId, signal) {
    if (!redis.isUp()) return;
    redis.commands.publish(signalChannel(workerId), JSON.stringify(signal)).catch((error: unknown) => {
      log.debug({ err: error, workerId }, 'a signal was lost');
    });
  },
});
