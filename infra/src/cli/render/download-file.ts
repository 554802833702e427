import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, KilnError, readAnswer } from '@kiln/shared';
import Type from 'typebox';
import { writeError } from './out-folder.ts';

/** Waits between tries, while the farm does not answer or what came is not what was recorded. */
const RETRY_DELAYS_MS = [250, 1_000, 3_000, 10_000, 30_000];

/** A frame or a film. */
export interface FarmFile {
  readonly fileName: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Where it is. */
  readonly from: string;
}

/**
 * Fetches one file into `folder`. The file appears under its name only when all of it is there and is what the farm
 * recorded.
 *
 * @returns its path.
 * @throws KilnError what the farm says; `storage.full` when this disk is.
 */
export async function downloadFile(
  client: Client,
  file: FarmFile,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const path = join(folder, file.fileName);
  for (let tries = 0; ; tries++) {
    try {
      await fetchTo(client, file, folder, signal);
      return path;
    } catch (error) {
      const delayMs = RETRY_DELAYS_MS[tries];
      if (delayMs === undefined || !(error instanceof KilnError) || !error.retryable || error.code === 'storage.full')
        throw error;
      await sleep(delayMs, undefined, { signal });
    }
  }
}

async function fetchTo(client: Client, file: FarmFile, folder: string, signal: AbortSignal): Promise<void> {
  const url = file.from;
  const response = await fetch(url, { headers: { ...client.headers }, signal }).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw new KilnError('client.unreachable', `GET ${url} got no answer.`, { cause });
  });
  if (!response.ok || response.body === null) await readAnswer(response, Type.Object({}), `GET ${url}`, []);
  const path = join(folder, file.fileName);
  const draft = `${path}.part-${process.pid}`;
  try {
    await mkdir(folder, { recursive: true });
    const hash = createHash('sha256');
    const body = Readable.fromWeb(response.body ?? new ReadableStream());
    body.on('data', (chunk: Uint8Array) => hash.update(chunk));
    await pipeline(body, createWriteStream(draft), { signal });
    const { size } = await stat(draft);
    if (hash.digest('hex') !== file.sha256 || size !== file.sizeBytes) {
      throw new KilnError('upload.hash_mismatch', `${file.fileName} arrived damaged.`);
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw asKilnError(error, path);
  }
}

function asKilnError(error: unknown, path: string): unknown {
  if (error instanceof KilnError || !(error instanceof Error)) return error;
  if (error.name === 'AbortError') return error;
  return (
    writeError(error, path) ??
    new KilnError('client.unreachable', `The download of ${path} broke off: ${error.message}`, { cause: error })
  );
}
