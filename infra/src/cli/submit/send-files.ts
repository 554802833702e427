/** Files that the layers of a job file name, brought to the farm: each once. */
import type { AssetReference, LayerRequest, Soundtrack } from '@kiln/shared';
import type { UrlStorage } from 'tus-js-client';
import type { FarmClient } from '../connection.ts';
import { sendSound } from '../render/sound.ts';
import { addAsset } from '../scene/add-asset.ts';
import type { AddSceneObserver } from '../scene/add-scene.ts';
import { type JobOfFile, type LocalFile, pointerOf, withFiles } from './job-file.ts';
import { atPlace } from './job-file-names.ts';

type Sent = { readonly asset: AssetReference } | { readonly sound: Soundtrack };

/** @returns the layers with what their files are on the farm. @throws KilnError with the place of a file that is refused. */
export async function sendFiles(
  farm: FarmClient,
  { text, job, files }: JobOfFile,
  memory: UrlStorage,
  observer: AddSceneObserver,
  signal: AbortSignal,
): Promise<LayerRequest[]> {
  const sent = new Map<string, Sent>();
  const keyOf = ({ kind, path }: LocalFile) => `${kind} ${path}`;
  const send = async (file: LocalFile): Promise<Sent> => {
    if (file.kind === 'audio') return { sound: await sendSound(farm, file.path, memory, observer, signal) };
    return { asset: await addAsset(farm, pointerOf(file), file.path, memory, observer, signal) };
  };
  for (const file of files) {
    const key = keyOf(file);
    if (!sent.has(key)) sent.set(key, await atPlace(text, pointerOf(file), () => send(file)));
  }
  return withFiles(job.layers, files, (file) => sent.get(keyOf(file)));
}
