/** How to reach the Redis that a registration names. */
import type { Registration } from '@kiln/shared';

/** Answers of a Redis that no longer knows this worker's user: the server must grant it again. */
export const isRefusedByRedis = (error: Error) => /\b(WRONGPASS|NOAUTH|NOPERM)\b/.test(error.message);

/** Options that wait for a Redis that is away, for ever: the worker can do nothing without it but lose nothing either. */
export function redisOptions({ url, username, password }: Registration['redis']) {
  return {
    ...(url.startsWith('unix:') ? { path: url.replace(/^unix:(\/\/)?/, '') } : networkOptions(new URL(url))),
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    maxRetriesPerRequest: null,
    enableReadyCheck: false,
    retryStrategy: (times: number) => Math.min(2_000, 50 * 2 ** Math.min(times, 6)),
    // A Redis that came back without its users gets them again from the server: then the next try goes through.
    reconnectOnError: isRefusedByRedis,
  };
}

function networkOptions(url: URL) {
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 6_379),
    db: Number(url.pathname.slice(1) || 0),
    ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
  };
}
