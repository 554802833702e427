/** Loads a scene of this machine's disk into a page, without a farm: for benchmarks. */
import { createHash } from 'node:crypto';
import type { OpenPage } from './browser/open-page.ts';
import type { HostedFile } from './page-host/page-site.ts';

export interface LocalScene {
  /** Path of the entry file within the scene. */
  readonly entry: string;
  /** Files by their path within the scene. */
  readonly files: ReadonlyMap<string, HostedFile>;
}

/**
 * @returns the hash by which the page knows the scene from now on, in `frame` and `bench` calls. It is made of paths
 *   and sizes, and means nothing elsewhere.
 * @throws KilnError what the page says of the scene
 */
export async function loadLocalScene(page: OpenPage, { entry, files }: LocalScene): Promise<string> {
  const list = [...files].map(([path, { sizeBytes }]) => ({ path, sizeBytes }));
  const sceneHash = createHash('sha256')
    .update(JSON.stringify([entry, list]))
    .digest('hex');
  page.site.mountScene(sceneHash, files);
  try {
    await page.client.call('load', { scene: { sceneHash, entry, files: list } });
  } finally {
    page.site.unmountScene(sceneHash);
  }
  return sceneHash;
}
