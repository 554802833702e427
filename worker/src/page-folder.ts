/** Where the built page lies, and that it is there. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KilnError } from '@kiln/shared';

export const PAGE_FOLDER = fileURLToPath(new URL('../dist/page', import.meta.url));

/**
 * Builds the page into `folder` unless it was built of the same sources. The bundler is loaded only for this: where a
 * worker is installed without it, the page must have been built before.
 */
export async function buildPage(folder: string): Promise<void> {
  const bundle = await import('./page-bundle.ts').catch((error: unknown) => {
    if (isMissing(error) && existsSync(join(folder, 'index.html'))) return null;
    throw new KilnError('server.internal', `the page is not built and cannot be built here: run npm run build`, {
      cause: error,
    });
  });
  await bundle?.buildPage(folder);
}

const isMissing = (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
