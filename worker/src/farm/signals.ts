/** Signals that the server publishes to this worker. Each may be lost: the heartbeat's answer says the same again. */
import { matches, type Registration, WorkerSignal } from '@kiln/shared';
import { Redis } from 'ioredis';
import type { Log } from '../log.ts';
import { isRefusedByRedis, redisOptions } from './redis-connection.ts';

export interface SignalHooks {
  readonly onSignal: (signal: WorkerSignal) => void;
  /** Redis refuses this worker's user. */
  readonly onRefused: (reason: string) => void;
  readonly log: Log;
}

/** Listens until the answer is called. */
export function listenForSignals({ redis }: Registration, hooks: SignalHooks): () => void {
  const connection = new Redis(redisOptions(redis));
  connection.on('error', (error: Error) => {
    hooks.log.debug({ err: error }, 'the connection for signals failed; trying again');
    if (isRefusedByRedis(error)) hooks.onRefused(error.message);
  });
  connection.on('message', (_channel: string, text: string) => {
    const signal = parsed(text);
    if (matches(WorkerSignal, signal)) hooks.onSignal(signal);
    else hooks.log.warn({ text: text.slice(0, 200) }, 'a signal is none that this worker knows');
  });
  // ioredis subscribes again by itself after every reconnect.
  connection.subscribe(redis.signalChannel).catch((error: unknown) => {
    if (!(error instanceof Error)) return;
    hooks.log.debug({ err: error }, 'could not subscribe to signals');
    if (isRefusedByRedis(error)) hooks.onRefused(error.message);
  });
  return () => connection.disconnect();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
