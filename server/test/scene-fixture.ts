/** Scenes that are uploaded over the API. What is in them is nobody's business here: no server ever opens one. */
import { randomBytes } from 'node:crypto';
import type { Client, Scene, SceneManifest } from '@kiln/shared';
import { until } from './farm-fixture.ts';
import { sha256Of } from './object-bytes.ts';

export interface LocalScene {
  readonly manifest: SceneManifest;
  /** By hash. */
  readonly bytes: ReadonlyMap<string, Buffer>;
}

export { sha256Of };

/** A scene of these files; without any, one `.glb` of random bytes. The first is the entry. */
export function sceneOf(
  name: string,
  files: Readonly<Record<string, Buffer>> = { 'scene.glb': randomBytes(1_000) },
): LocalScene {
  const entries = Object.entries(files).map(([path, bytes]) => ({ path, sha256: sha256Of(bytes), bytes }));
  return {
    manifest: {
      name,
      entry: entries[0]?.path ?? '',
      files: entries.map(({ path, sha256, bytes }) => ({ path, sha256, sizeBytes: bytes.length })),
    },
    bytes: new Map(entries.map(({ sha256, bytes }) => [sha256, bytes])),
  };
}

export type Uploader = { readonly client: Client };

/** Sends one file in one request. */
export function sendBytes(
  { client }: Uploader,
  sha256: string,
  bytes: Buffer,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(client.urls.uploads, {
    method: 'POST',
    headers: {
      ...client.headers,
      'tus-resumable': '1.0.0',
      'upload-length': String(bytes.length),
      'upload-metadata': `sha256 ${btoa(sha256)},filename ${btoa('file')}`,
      'content-type': 'application/offset+octet-stream',
      ...headers,
    },
    body: new Uint8Array(bytes),
  });
}

/** Announces a scene and sends what is missing. */
export async function sendScene(uploader: Uploader, { manifest, bytes }: LocalScene): Promise<Scene> {
  const scene = await uploader.client.createScene({ body: manifest });
  for (const sha256 of scene.missing) {
    const response = await sendBytes(uploader, sha256, bytes.get(sha256) ?? Buffer.alloc(0));
    if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  }
  return uploader.client.getScene({ params: { sceneId: scene.id } });
}

/** The same, and waits until its import has ended. A worker must be there. */
export async function uploadScene(uploader: Uploader, local: LocalScene): Promise<Scene> {
  const { id } = await sendScene(uploader, local);
  return until(
    () => uploader.client.getScene({ params: { sceneId: id } }),
    ({ state }) => state === 'ready' || state === 'refused',
  );
}
