import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS } from '@kiln/shared';
import type { OutputFile } from '../pool/page-orders.ts';
import type { AttemptContext } from './work-parts.ts';

/** Gives `work` a folder of its own, which goes with it. */
export async function withFolder<T>(
  { cache }: Pick<AttemptContext, 'cache'>,
  name: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  await mkdir(cache.arrivalFolder, { recursive: true });
  const folder = await mkdtemp(join(cache.arrivalFolder, `${name}-`));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A new file in a folder, for what a page makes. */
export function outputIn(folder: string): OutputFile {
  const name = randomUUID();
  return { name, diskPath: join(folder, name), maxBytes: LIMITS.frameBytes };
}
