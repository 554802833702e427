/** One file of the farm on this disk: whole and as it was recorded, or not under its name. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
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

/** Letters of the hash in the name of a part: one of another version is not gone on with. */
const PART_HASH_CHARS = 12;

/** A frame or a film. */
export interface FarmFile {
  readonly fileName: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Where it is. */
  readonly from: string;
}

export interface DownloadOptions {
  /** What has come of a file stays beside it when its download fails, and is gone on with the next time. @defaultValue false */
  readonly keepsPart?: boolean;
  /** The farm does not answer, or what came is damaged; it is tried again. */
  waiting?(error: KilnError): void;
}

/** Whether all of a file is in `folder`, as the farm recorded it. */
export async function isOnDisk(file: FarmFile, folder: string): Promise<boolean> {
  const path = join(folder, file.fileName);
  if ((await sizeOf(path)) !== file.sizeBytes) return false;
  const hash = createHash('sha256');
  await readInto(hash, path);
  return hash.digest('hex') === file.sha256;
}

/**
 * Fetches one file into `folder`. The file appears under its name only when all of it is there and is what the farm
 * recorded; a try that broke off is gone on with where it ended.
 *
 * @returns its path.
 * @throws KilnError what the farm says; `storage.full` when this disk is.
 */
export async function downloadFile(
  client: Client,
  file: FarmFile,
  folder: string,
  signal: AbortSignal,
  { keepsPart = false, waiting }: DownloadOptions = {},
): Promise<string> {
  const path = join(folder, file.fileName);
  // Another process may fetch the same file here; where parts stay they must be found again.
  const part = `${path}.part-${keepsPart ? file.sha256.slice(0, PART_HASH_CHARS) : process.pid}`;
  try {
    for (let tries = 0; ; tries++) {
      try {
        await mkdir(folder, { recursive: true });
        await fetchTo(client, file, part, signal);
        await rename(part, path);
        return path;
      } catch (cause) {
        const error = asKilnError(cause, path);
        const delayMs = RETRY_DELAYS_MS[tries];
        if (delayMs === undefined || !(error instanceof KilnError) || !error.retryable || error.code === 'storage.full')
          throw error;
        waiting?.(error);
        await sleep(delayMs, undefined, { signal });
      }
    }
  } catch (error) {
    // On a full disk a part is in the way.
    if (!keepsPart || (error instanceof KilnError && error.code === 'storage.full')) await rm(part, { force: true });
    throw error;
  }
}

async function fetchTo(client: Client, file: FarmFile, part: string, signal: AbortSignal): Promise<void> {
  let hash = createHash('sha256');
  let partBytes = await sizeOf(part);
  if (partBytes > file.sizeBytes) partBytes = 0;
  if (partBytes > 0) await readInto(hash, part);
  if (partBytes === 0 || partBytes < file.sizeBytes) {
    const response = await request(client, file, partBytes, signal);
    // Whoever does not know ranges sends all of it.
    if (partBytes > 0 && response.status !== 206) {
      partBytes = 0;
      hash = createHash('sha256');
    }
    const body = Readable.fromWeb(response.body ?? new ReadableStream());
    body.on('data', (chunk: Uint8Array) => hash.update(chunk));
    await pipeline(body, createWriteStream(part, { flags: partBytes === 0 ? 'w' : 'a' }), { signal });
  }
  if (hash.digest('hex') === file.sha256 && (await sizeOf(part)) === file.sizeBytes) return;
  await rm(part, { force: true });
  throw new KilnError('upload.hash_mismatch', `${file.fileName} arrived damaged.`);
}

async function request(client: Client, file: FarmFile, firstByte: number, signal: AbortSignal): Promise<Response> {
  const { from: url, sha256 } = file;
  const range = firstByte === 0 ? {} : { range: `bytes=${firstByte}-`, 'if-range': `"${sha256}"` };
  const response = await fetch(url, { headers: { ...client.headers, ...range }, signal }).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw new KilnError('client.unreachable', `GET ${url} got no answer.`, { cause });
  });
  if (!response.ok || response.body === null) await readAnswer(response, Type.Object({}), `GET ${url}`, []);
  return response;
}

/** 0 when there is no such file. */
const sizeOf = async (path: string) => (await stat(path).catch(() => null))?.size ?? 0;

async function readInto(hash: Hash, path: string): Promise<void> {
  for await (const chunk of createReadStream(path)) hash.update(chunk);
}

function asKilnError(error: unknown, path: string): unknown {
  if (error instanceof KilnError || !(error instanceof Error)) return error;
  if (error.name === 'AbortError') return error;
  return (
    writeError(error, path) ??
    new KilnError('client.unreachable', `The download of ${path} broke off: ${error.message}`, { cause: error })
  );
}
