import type { SceneSource, StageTime } from '@kiln/shared';
import type { HeldFiles } from '../scene-cache/scene-cache.ts';
import type { AttemptContext } from './work-parts.ts';

/** Files of an attempt's scene on this machine's disk, and the time it took if any had to come. */
export async function holdScene(
  scene: SceneSource,
  { cache, client, clock, lease, membership }: AttemptContext,
): Promise<{ readonly held: HeldFiles; readonly fetch: StageTime | null }> {
  const startedAtMs = clock.unixMs();
  const held = await cache.hold(
    scene.files,
    (file, signal) => membership.persist(() => client.file(file, lease.leaseToken, signal), signal),
    lease.signal,
  );
  const fetch = held.fetchedBytes > 0 ? { startedAtMs, durationMs: clock.unixMs() - startedAtMs } : null;
  return { held, fetch };
}
