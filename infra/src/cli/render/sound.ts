import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { FILM_FORMATS, KilnError, type LayerRequest, LIMITS, type Soundtrack } from '@kiln/shared';
import type { UrlStorage } from 'tus-js-client';
import type { FarmClient } from '../connection.ts';
import type { AddSceneObserver } from '../scene/add-scene.ts';
import { hashFiles } from '../scene/hash-files.ts';
import { uploadFile } from '../scene/upload-file.ts';

/**
 * Looks whether there is such a sound, before anything is uploaded.
 *
 * @throws KilnError `request.invalid`, `upload.over_limit`
 */
export async function checkSound(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile() || found.size === 0) {
    throw new KilnError('request.invalid', `“${path}” is no sound file.`, { field: '--audio' });
  }
  if (found.size > LIMITS.soundBytes) {
    throw new KilnError(
      'upload.over_limit',
      `A sound has at most ${LIMITS.soundBytes} bytes, “${path}” ${found.size}.`,
      {
        field: '--audio',
      },
    );
  }
}

/** The job's layers, with the sound in every film that takes one. The farm has it then. */
export async function withSound(
  farm: FarmClient,
  layers: LayerRequest[],
  path: string | undefined,
  memory: UrlStorage,
  observer: AddSceneObserver,
  signal: AbortSignal,
): Promise<LayerRequest[]> {
  if (path === undefined) return layers;
  const audio = await sendSound(farm, path, memory, observer, signal);
  return layers.map(({ films = [], ...layer }) => ({
    ...layer,
    films: films.map((film) => (FILM_FORMATS[film.format].hasAudio ? { ...film, audio } : film)),
  }));
}

/** Sends it if need be. @returns what films name it by. */
export async function sendSound(
  farm: FarmClient,
  path: string,
  memory: UrlStorage,
  observer: AddSceneObserver,
  signal: AbortSignal,
): Promise<Soundtrack> {
  const { size: sizeBytes } = await stat(path);
  const [file] = await hashFiles([{ path: basename(path), diskPath: path, sizeBytes }], () => undefined);
  if (file === undefined) throw new KilnError('server.internal', `“${path}” was not hashed.`);
  const target = { endpoint: farm.client.urls.uploads, headers: farm.client.headers, memory };
  const onBytes = (sentBytes: number) => observer.uploading(sentBytes, sizeBytes);
  await uploadFile(file, target, signal, onBytes, (error) => observer.waiting(error));
  return { sha256: file.sha256, name: file.path };
}
