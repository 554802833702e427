/**
 * Objects in a bucket, under the names that they have in a folder: `ab/cd/<sha256>`. What is put is visible when it is
 * whole: a file of one part comes into being with the request, a larger one with the last request, which is sent once the
 * hash of all that was sent is right (`infra/adr`, “Objects in S3”).
 */
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListMultipartUploadsCommand,
  type MultipartUpload,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { KilnError } from '@kiln/shared';
import type { S3Config } from '../config/s3-config.ts';
import { S3_LIMITS } from '../limits.ts';
import { bytesOf, sha256OfFile } from './file-bytes.ts';
import { HashedBytes } from './hash-bytes.ts';
import type { ByteRange, ObjectStore, PutFileOptions, PutOptions, StoredObject } from './object-store.ts';
import { resumedStream } from './resumed-stream.ts';
import { asS3Error, isNotThere, isNoUpload } from './s3-errors.ts';
import { Turnstile } from './turnstile.ts';

const SHA256 = /^[0-9a-f]{64}$/;

export type S3Limits = { readonly [K in keyof typeof S3_LIMITS]: number };

export function connectS3(
  { endpoint, region, credentials, pathStyle }: S3Config,
  limits: Pick<S3Limits, 'tries' | 'connectMs' | 'idleMs' | 'connections'> = S3_LIMITS,
): S3Client {
  return new S3Client({
    region,
    forcePathStyle: pathStyle,
    ...(endpoint === null ? {} : { endpoint }),
    ...(credentials === null ? {} : { credentials: { ...credentials } }),
    maxAttempts: limits.tries,
    // Others than AWS know no checksums of its newer kinds. Each request's bytes are signed by their SHA-256 all the same.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: limits.connectMs,
      socketTimeout: limits.idleMs,
      httpAgent: { maxSockets: limits.connections, keepAlive: true },
      httpsAgent: { maxSockets: limits.connections, keepAlive: true },
    },
  });
}

export class S3ObjectStore implements ObjectStore {
  readonly isOnDisk = false;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #limits: S3Limits;
  readonly #largePuts: Turnstile;
  /** The last put was refused because nothing more fits. */
  #isFull = false;

  constructor(client: S3Client, { bucket, prefix }: Pick<S3Config, 'bucket' | 'prefix'>, limits: S3Limits = S3_LIMITS) {
    this.#client = client;
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#limits = limits;
    this.#largePuts = new Turnstile(limits.largePutsAtOnce);
  }

  async put(bytes: AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredObject> {
    const key = this.#keyOf(options.expectSha256);
    const hashed = new HashedBytes(bytes, options);
    const inTurn = this.#inTurn(hashed);
    const upload = new Upload({
      client: this.#client,
      params: { Bucket: this.#bucket, Key: key, Body: Readable.from(inTurn.bytes, { highWaterMark: 1 }) },
      partSize: this.#limits.partBytes,
      queueSize: this.#limits.partsAtOnce,
    });
    try {
      await upload.done();
    } catch (error) {
      if (hashed.failure !== null) throw hashed.failure.error;
      // The answer to the last request was lost, and asking again found it done.
      const isThere = isNoUpload(error) && (await this.size(options.expectSha256)) === hashed.stored.sizeBytes;
      if (!isThere) throw this.#putError(error);
    } finally {
      inTurn.end();
    }
    this.#isFull = false;
    return hashed.stored;
  }

  #putError(error: unknown): KilnError {
    const told = asS3Error(error);
    if (told.code === 'storage.full') this.#isFull = true;
    return told;
  }

  /** Bytes past the first part wait until they may take the memory of several. */
  #inTurn(bytes: AsyncIterable<Uint8Array>): { readonly bytes: AsyncIterable<Uint8Array>; end(): void } {
    const turnstile = this.#largePuts;
    const { partBytes } = this.#limits;
    let hasTurn = false;
    async function* gated(): AsyncGenerator<Uint8Array> {
      let passedBytes = 0;
      for await (const chunk of bytes) {
        passedBytes += chunk.byteLength;
        if (!hasTurn && passedBytes > partBytes) {
          await turnstile.enter();
          hasTurn = true;
        }
        yield chunk;
      }
    }
    return {
      bytes: gated(),
      end() {
        if (hasTurn) turnstile.leave();
        hasTurn = false;
      },
    };
  }

  async putFile(path: string, { maxBytes, expectSha256 }: PutFileOptions): Promise<StoredObject> {
    return this.put(bytesOf(path), { maxBytes, expectSha256: expectSha256 ?? (await sha256OfFile(path)) });
  }

  async get(sha256: string, range?: ByteRange): Promise<Readable> {
    const key = this.#keyOf(sha256);
    return resumedStream(range?.first ?? 0, (first) => this.#open(key, first, range?.last ?? null), {
      tries: this.#limits.resumes,
      waitMs: this.#limits.resumeWaitMs,
    });
  }

  /** @param last null: to the end. */
  async #open(key: string, first: number, last: number | null): Promise<{ bytes: Readable; lengthBytes: number }> {
    try {
      const isWhole = first === 0 && last === null;
      const answer = await this.#client.send(
        new GetObjectCommand({
          Bucket: this.#bucket,
          Key: key,
          ...(isWhole ? {} : { Range: `bytes=${first}-${last ?? ''}` }),
        }),
      );
      if (!(answer.Body instanceof Readable) || answer.ContentLength === undefined) {
        throw new KilnError('storage.unavailable', 'the object store answered without bytes or their number');
      }
      return { bytes: answer.Body, lengthBytes: answer.ContentLength };
    } catch (error) {
      if (isNotThere(error)) throw notFound(key);
      throw asS3Error(error);
    }
  }

  async size(sha256: string): Promise<number | null> {
    return (await this.#head(sha256))?.ContentLength ?? null;
  }

  async has(sha256: string): Promise<boolean> {
    return (await this.#head(sha256)) !== null;
  }

  async storedAt(sha256: string): Promise<Date | null> {
    return (await this.#head(sha256))?.LastModified ?? null;
  }

  async #head(sha256: string): Promise<HeadObjectCommandOutput | null> {
    const key = this.#keyOf(sha256);
    try {
      return await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }), this.#soon());
    } catch (error) {
      if (isNotThere(error)) return null;
      throw asS3Error(error);
    }
  }

  async delete(sha256: string): Promise<void> {
    const key = this.#keyOf(sha256);
    await this.#client
      .send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key }), this.#soon())
      .catch((error: unknown) => {
        throw asS3Error(error);
      });
  }

  async *list(): AsyncIterable<StoredObject> {
    const pages = paginateListObjectsV2({ client: this.#client }, { Bucket: this.#bucket, Prefix: this.#prefix });
    try {
      for await (const { Contents = [] } of pages) {
        for (const { Key = '', Size = 0 } of Contents) {
          const sha256 = this.#sha256Of(Key);
          if (sha256 !== null) yield { sha256, sizeBytes: Size };
        }
      }
    } catch (error) {
      throw asS3Error(error);
    }
  }

  /** Another server's may be under way: only their age tells. */
  async removeUnfinished(before: Date): Promise<number> {
    let removed = 0;
    try {
      for await (const { Key, UploadId, Initiated } of this.#unfinished()) {
        const isOurs = Key !== undefined && this.#sha256Of(Key) !== null;
        if (!isOurs || Initiated === undefined || Initiated >= before) continue;
        await this.#client.send(new AbortMultipartUploadCommand({ Bucket: this.#bucket, Key, UploadId }));
        removed++;
      }
      return removed;
    } catch (error) {
      throw asS3Error(error);
    }
  }

  async *#unfinished(): AsyncGenerator<MultipartUpload> {
    const parameters = { Bucket: this.#bucket, Prefix: this.#prefix };
    let after: { readonly KeyMarker?: string; readonly UploadIdMarker?: string } = {};
    for (;;) {
      const page = await this.#client.send(new ListMultipartUploadsCommand({ ...parameters, ...after }));
      yield* page.Uploads ?? [];
      if (page.IsTruncated !== true || page.NextKeyMarker === undefined) return;
      after = {
        KeyMarker: page.NextKeyMarker,
        ...(page.NextUploadIdMarker === undefined ? {} : { UploadIdMarker: page.NextUploadIdMarker }),
      };
    }
  }

  /** The store tells no figure: 0 when the last put did not fit, else null. */
  async freeBytes(): Promise<number | null> {
    await this.#client.send(new HeadBucketCommand({ Bucket: this.#bucket }), this.#soon()).catch((error: unknown) => {
      throw asS3Error(error);
    });
    return this.#isFull ? 0 : null;
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  /** Somebody holds a transaction open meanwhile. */
  #soon(): { readonly abortSignal: AbortSignal } {
    return { abortSignal: AbortSignal.timeout(this.#limits.askMs) };
  }

  #keyOf(sha256: string): string {
    // The only place where a hash becomes a key: nothing else may pass.
    if (!SHA256.test(sha256)) throw new Error('an object is addressed by a lower-case SHA-256');
    return `${this.#prefix}${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`;
  }

  /** Null for keys that are none of an object. */
  #sha256Of(key: string): string | null {
    const sha256 = key.slice(-64);
    return SHA256.test(sha256) && this.#keyOf(sha256) === key ? sha256 : null;
  }
}

const notFound = (key: string) => new KilnError('resource.not_found', `no object ${key.slice(-64)} is stored`);
