import type { SceneFile, SceneSource, StageTime } from '@kiln/shared';
import type { HeldFiles } from '../scene-cache/scene-cache.ts';
import type { AttemptContext } from './work-parts.ts';

/** Files of an attempt's scene on this machine's disk, and the time it took if any had to come. */
export async function holdScene(
  scene: SceneSource,
  context: AttemptContext,
): Promise<{ readonly held: HeldFiles; readonly fetch: StageTime | null }> {
  const { clock } = context;
  const startedAtMs = clock.unixMs();
  const held = await holdFiles(scene.files, context);
  const fetch = held.fetchedBytes > 0 ? { startedAtMs, durationMs: clock.unixMs() - startedAtMs } : null;
  return { held, fetch };
}

/** Files that an attempt's lease opens, on this machine's disk. */
export const holdFiles = (
  files: readonly SceneFile[],
  { cache, client, lease, membership }: AttemptContext,
): Promise<HeldFiles> =>
  cache.hold(
    files,
    (file, signal) => membership.persist(() => client.file(file, lease.leaseToken, signal), signal),
    lease.signal,
  );
