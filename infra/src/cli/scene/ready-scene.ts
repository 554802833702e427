/** A scene of the farm, once its import has ended. */
import { isErrorCode, KilnError, type Scene } from '@kiln/shared';
import type { FarmClient } from '../connection.ts';
import { follow } from '../follow.ts';
import { patiently } from '../patiently.ts';
import { WorkerWatch } from '../worker-watch.ts';

export interface ImportObserver {
  importing(): void;
  /** Nothing goes on, because no worker is connected to the farm. */
  noWorker(): void;
  /** The farm does not answer; it is tried again. */
  waiting(error: KilnError): void;
}

/** Files that an error names. */
const NAMED_FILES = 5;

/**
 * A scene that was added before.
 *
 * @throws KilnError `resource.not_found`; `scene.not_ready` while files of it are missing; the reason of a refusal.
 */
export async function storedScene(
  farm: FarmClient,
  sceneId: string,
  observer: ImportObserver,
  signal: AbortSignal,
): Promise<Scene> {
  const scene = await patiently(
    () => farm.client.getScene({ params: { sceneId } }),
    signal,
    (error) => observer.waiting(error),
  );
  // Nobody here sends them, so waiting for them may never end.
  if (scene.missing.length > 0) throw incomplete(scene);
  return scene.state === 'ready' ? scene : untilReady(farm, sceneId, observer, signal);
}

function incomplete({ id, entry, files, missing }: Scene): KilnError {
  const paths = files.filter(({ sha256 }) => missing.includes(sha256)).map(({ path }) => path);
  const more = paths.length > NAMED_FILES ? ` and ${paths.length - NAMED_FILES} more` : '';
  const named = paths.slice(0, NAMED_FILES).join(', ');
  return new KilnError(
    'scene.not_ready',
    `Scene ${id} still lacks ${named}${more}: name the folder of ${entry} instead of the id, and what is missing is sent.`,
  );
}

/** @throws KilnError with the code and reason of the refusal. */
export async function untilReady(
  farm: FarmClient,
  sceneId: string,
  observer: ImportObserver,
  signal: AbortSignal,
): Promise<Scene> {
  const look = (scene: Scene): Scene | undefined => {
    if (scene.state === 'importing') observer.importing();
    if (scene.state === 'refused') throw refusalOf(scene);
    return scene.state === 'ready' ? scene : undefined;
  };
  const waiting = (error: KilnError) => observer.waiting(error);
  const workers = new WorkerWatch(farm.client, (isConnected) =>
    isConnected ? observer.importing() : observer.noWorker(),
  );
  const following = follow<Scene>(
    farm,
    {
      sceneId,
      sync: async (ended) => look(await patiently(() => farm.client.getScene({ params: { sceneId } }), ended, waiting)),
      event: (event) => (event.type === 'scene' && event.data.id === sceneId ? look(event.data) : undefined),
      waiting,
    },
    signal,
  );
  return following.finally(() => workers.stop());
}

function refusalOf({ refusal }: Scene): KilnError {
  if (refusal === null) return new KilnError('scene.refused', 'The scene was refused.');
  const { code, message, pointer } = refusal;
  const detail = pointer === null ? {} : { field: pointer };
  return isErrorCode(code)
    ? new KilnError(code, message, detail)
    : new KilnError('scene.refused', `${message} (${code})`, detail);
}
