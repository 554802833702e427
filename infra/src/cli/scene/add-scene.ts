/** From files on this disk to a scene that can be rendered: hash, announce, send what is missing, wait for the import. */
import type { Scene } from '@kiln/shared';
import type { UrlStorage } from 'tus-js-client';
import type { FarmClient } from '../connection.ts';
import { type HashedFile, hashFiles } from './hash-files.ts';
import { type ImportObserver, untilReady } from './ready-scene.ts';
import { readSceneSource } from './scene-source.ts';
import { uploadFile } from './upload-file.ts';

/** Files sent at the same time. */
const PARALLEL_UPLOADS = 3;

interface UploadSummary {
  readonly sceneId: string;
  readonly files: number;
  readonly sizeBytes: number;
  /** What the farm did not have yet. */
  readonly sentFiles: number;
  readonly sentBytes: number;
}

export interface AddSceneObserver extends ImportObserver {
  hashing(doneBytes: number, totalBytes: number): void;
  uploading(doneBytes: number, totalBytes: number): void;
  uploaded(summary: UploadSummary): void;
}

/**
 * @param source path of a file or folder.
 * @returns the scene, ready.
 * @throws KilnError `scene.…` with the reason when it is refused, here or by its import.
 */
export async function addScene(
  farm: FarmClient,
  source: string,
  memory: UrlStorage,
  observer: AddSceneObserver,
  signal: AbortSignal,
): Promise<Scene> {
  const { name, entry, files } = await readSceneSource(source);
  const sizeBytes = total(files);
  const hashed = await hashFiles(files, (doneBytes) => observer.hashing(doneBytes, sizeBytes));
  signal.throwIfAborted();
  const scene = await farm.client.createScene({
    body: { name, entry, files: hashed.map(({ path, sha256, sizeBytes }) => ({ path, sha256, sizeBytes })) },
  });
  const sent = await sendMissing(farm, scene, hashed, memory, observer, signal);
  observer.uploaded({
    sceneId: scene.id,
    files: files.length,
    sizeBytes,
    sentFiles: sent.length,
    sentBytes: total(sent),
  });
  return untilReady(farm, scene.id, observer, signal);
}

const total = (files: readonly { readonly sizeBytes: number }[]) =>
  files.reduce((sum, file) => sum + file.sizeBytes, 0);

async function sendMissing(
  farm: FarmClient,
  scene: Scene,
  hashed: readonly HashedFile[],
  memory: UrlStorage,
  observer: AddSceneObserver,
  signal: AbortSignal,
): Promise<HashedFile[]> {
  const missing = new Set(scene.missing);
  // Two files of the same bytes are sent once.
  const toSend = hashed.filter(({ sha256 }) => missing.delete(sha256));
  const sentBytes = new Map<HashedFile, number>();
  const queue = [...toSend];
  const target = { endpoint: farm.client.urls.uploads, headers: farm.client.headers, memory };
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  const sendNext = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const current = file;
      const onBytes = (bytes: number) => {
        sentBytes.set(current, bytes);
        observer.uploading(
          [...sentBytes.values()].reduce((sum, value) => sum + value, 0),
          total(toSend),
        );
      };
      await uploadFile(current, target, stopped, onBytes, (error) => observer.waiting(error));
    }
  };
  try {
    await Promise.all(Array.from({ length: PARALLEL_UPLOADS }, sendNext));
  } finally {
    // When one fails, the others end as well.
    stop.abort();
  }
  return toSend;
}
