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
  /** How to have it anew when the farm's own bytes of it are damaged; a sentence. */
  readonly remedy: string;
}

/** What the farm has stored is not what it recorded: trying again brings the same. */
class StoredDamage extends KilnError {
  override get retryable(): boolean {
    return false;
  }
}

export interface DownloadOptions {
  /** What has come of a file stays beside it when its download fails, and is gone on with the next time. @defaultValue false */
  readonly keepsPart?: boolean;
  /** The farm does not answer, or what came is damaged; it is tried again. */
  waiting?(error: KilnError): void;
  /** So many bytes more have come. */
  received?(sizeBytes: number): void;
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
 * @throws KilnError what the farm says; `storage.full` when this disk is; `upload.hash_mismatch` when the farm sent the same
 *   wrong bytes twice. The signal's reason.
 */
export async function downloadFile(
  client: Client,
  file: FarmFile,
  folder: string,
  signal: AbortSignal,
  { keepsPart = false, waiting, received = () => undefined }: DownloadOptions = {},
): Promise<string> {
  const path = join(folder, file.fileName);
  // Another process may fetch the same file here; where parts stay they must be found again.
  const part = `${path}.part-${keepsPart ? file.sha256.slice(0, PART_HASH_CHARS) : process.pid}`;
  let wrong: string | null = null;
  try {
    for (let tries = 0; ; tries++) {
      try {
        await mkdir(folder, { recursive: true });
        const came = await fetchTo(client, file, part, signal, received);
        if (came.sha256 === file.sha256) {
          await rename(part, path);
          return path;
        }
        await rm(part, { force: true });
        // A part of before may have been damaged here.
        if (came.isWhole && came.sha256 === wrong) throw storedDamage(file, wrong);
        wrong = came.isWhole ? came.sha256 : null;
        throw new KilnError('upload.hash_mismatch', `${file.fileName} arrived damaged.`);
      } catch (cause) {
        signal.throwIfAborted();
        const error = asKilnError(cause, path);
        const delayMs = RETRY_DELAYS_MS[tries];
        if (delayMs === undefined || !(error instanceof KilnError) || !error.retryable || error.code === 'storage.full')
          throw error;
        waiting?.(error);
        await sleep(delayMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    }
  } catch (error) {
    // On a full disk a part is in the way.
    if (!keepsPart || (error instanceof KilnError && error.code === 'storage.full')) await rm(part, { force: true });
    throw error;
  }
}

interface Came {
  /** Of all that is in the part now. */
  readonly sha256: string;
  /** All of it came just now. */
  readonly isWhole: boolean;
}

async function fetchTo(
  client: Client,
  file: FarmFile,
  part: string,
  signal: AbortSignal,
  received: (sizeBytes: number) => void,
): Promise<Came> {
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
    body.on('data', (chunk: Uint8Array) => {
      hash.update(chunk);
      received(chunk.byteLength);
    });
    await pipeline(body, createWriteStream(part, { flags: partBytes === 0 ? 'w' : 'a' }), { signal });
  }
  return { sha256: hash.digest('hex'), isWhole: partBytes === 0 };
}

function storedDamage({ fileName, sha256, remedy }: FarmFile, found: string): KilnError {
  const message = `What the farm has stored of ${fileName} is damaged: its hash is ${found.slice(0, 12)}…, recorded is ${sha256.slice(0, 12)}…, and it came the same way twice. ${remedy} \`kiln audit\` names it, and what else is damaged.`;
  return new StoredDamage('upload.hash_mismatch', message);
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
  return (
    writeError(error, path) ??
    new KilnError('client.unreachable', `The download of ${path} broke off: ${error.message}`, { cause: error })
  );
}
