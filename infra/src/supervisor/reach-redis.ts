/** A Redis that somebody else runs: whether it is there. */
import { KilnError } from '@kiln/shared';
import { Redis } from 'ioredis';

const REACH_MS = 3_000;

/**
 * @returns its `maxmemory-policy`; null where it does not say.
 * @throws KilnError `storage.unavailable` when it does not answer.
 */
export async function reachRedis(url: string): Promise<string | null> {
  const redis = new Redis(url.replace(/^unix:(\/\/)?/, ''), {
    lazyConnect: true,
    connectTimeout: REACH_MS,
    retryStrategy: () => null,
  });
  // The first one says why; what `connect` rejects with does not.
  let why = '';
  redis.on('error', (error) => {
    why ||= error.message;
  });
  try {
    await redis.connect();
    const policy = (await redis.config('GET', 'maxmemory-policy').catch(() => null)) as readonly string[] | null;
    return policy?.[1] ?? null;
  } catch (cause) {
    const reason = why || (cause instanceof Error ? cause.message : String(cause));
    const message = `KILN_REDIS_URL does not answer (${reason}). Start that Redis, or unset KILN_REDIS_URL to have Kiln start its own.`;
    throw new KilnError('storage.unavailable', message, { cause });
  } finally {
    redis.disconnect();
  }
}
