/** What one page may ask its worker for: its program, built-in files, and the scenes that it was given. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Log } from '../log.ts';
import { ASSET_ROUTE, CONVERTED_ROUTE, INPUT_ROUTE, OUTPUT_ROUTE, SCENE_ROUTE } from '../page/contract.ts';
import { PageClient } from './page-client.ts';
import { PartsFile } from './parts-file.ts';

/** A file on this machine's disk. */
export interface HostedFile {
  readonly diskPath: string;
  readonly sizeBytes: number;
}

/** A file that the page has sent. */
export interface ReceivedFile extends HostedFile {
  readonly sha256: string;
}

/** A file that the page may send, once. */
interface AwaitedFile {
  readonly diskPath: string;
  readonly maxBytes: number;
  received: ReceivedFile | null;
  isTaken: boolean;
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.svg': 'image/svg+xml',
};

/** Of a part: the file's name, and where in it the part begins. */
const PART = new RegExp(`^${OUTPUT_ROUTE}/([^/]+)/(\\d{1,15})$`);

export class PageSite {
  /** Host name that only this page knows; it is also its credential. */
  readonly host: string;
  /** The page's end of the contract, once its socket is open. */
  readonly client: PageClient;
  readonly #folder: string;
  readonly #log: Log;
  readonly #scenes = new Map<string, ReadonlyMap<string, HostedFile>>();
  /** Files beside scenes, by hash, and how many lend them. */
  readonly #assets = new Map<string, { readonly file: HostedFile; lenders: number }>();
  /** By path. */
  readonly #awaited = new Map<string, AwaitedFile>();
  /** By name. */
  readonly #parted = new Map<string, PartsFile>();
  readonly #inputs = new Map<string, HostedFile>();

  /** @param folder of the built page: its `index.html`, and built-in files under `built-in/` */
  constructor(host: string, folder: string, log: Log) {
    this.host = host;
    this.#folder = folder;
    this.#log = log;
    this.client = new PageClient(log);
  }

  get url(): string {
    return `http://${this.host}/`;
  }

  /** Lets the page ask for a scene's files, by path, until `unmountScene`. */
  mountScene(sceneHash: string, files: ReadonlyMap<string, HostedFile>): void {
    this.#scenes.set(sceneHash, files);
  }

  unmountScene(sceneHash: string): void {
    this.#scenes.delete(sceneHash);
  }

  /** Lets the page ask for files that jobs use beside their scenes, by hash, until the answer is called. */
  lendAssets(files: ReadonlyMap<string, HostedFile>): () => void {
    for (const [sha256, file] of files) {
      const lenders = this.#assets.get(sha256)?.lenders ?? 0;
      this.#assets.set(sha256, { file, lenders: lenders + 1 });
    }
    return () => {
      for (const sha256 of files.keys()) {
        const asset = this.#assets.get(sha256);
        if (asset && --asset.lenders === 0) this.#assets.delete(sha256);
      }
    };
  }

  /**
   * Lets the page send the GLB that it makes of a scene, to this path, which does not exist yet.
   *
   * @returns tells what came, whole; null while nothing has.
   */
  awaitConverted(sceneHash: string, diskPath: string, maxBytes: number): () => ReceivedFile | null {
    return this.#await(`${CONVERTED_ROUTE}/${sceneHash}`, diskPath, maxBytes);
  }

  /** The same for a file of any name that no other awaited file has. */
  awaitOutput(name: string, diskPath: string, maxBytes: number): () => ReceivedFile | null {
    return this.#await(`${OUTPUT_ROUTE}/${name}`, diskPath, maxBytes);
  }

  /** Lets the page send a file in parts, until `forgetOutput`. */
  awaitParts(name: string, diskPath: string, maxBytes: number): PartsFile {
    const file = new PartsFile(diskPath, maxBytes);
    this.#parted.set(name, file);
    return file;
  }

  /** Waits for it no more. */
  forgetOutput(name: string): void {
    this.#awaited.delete(`${OUTPUT_ROUTE}/${name}`);
    this.#parted.delete(name);
  }

  /** Lets the page ask for files by name, until the answer is called. */
  mountInputs(files: ReadonlyMap<string, HostedFile>): () => void {
    for (const [name, file] of files) this.#inputs.set(name, file);
    return () => {
      for (const name of files.keys()) this.#inputs.delete(name);
    };
  }

  #await(path: string, diskPath: string, maxBytes: number): () => ReceivedFile | null {
    const awaited: AwaitedFile = { diskPath, maxBytes, received: null, isTaken: false };
    this.#awaited.set(path, awaited);
    return () => awaited.received;
  }

  async answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'PUT') return this.#take(path, request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405);
    if (path === '/favicon.ico') {
      // Every browser asks for one; a 404 would be a line in each page's console.
      response.writeHead(204, headersFor(this.host)).end();
      return;
    }
    const file = await this.#fileAt(path);
    if (!file) {
      this.#log.debug({ path }, 'the page asked for a file that is not there');
      return refuse(response, 404);
    }
    const [from, to] = rangeOf(request, file.sizeBytes);
    const isWhole = from === 0 && to === file.sizeBytes - 1;
    if (from > to && file.sizeBytes > 0) return refuse(response, 416);
    response.writeHead(request.headers.range === undefined ? 200 : 206, {
      'content-type':
        MEDIA_TYPES[extname(path === '/' ? '/index.html' : path).toLowerCase()] ?? 'application/octet-stream',
      'content-length': to - from + 1,
      ...(request.headers.range === undefined ? {} : { 'content-range': `bytes ${from}-${to}/${file.sizeBytes}` }),
      ...headersFor(this.host),
    });
    if (request.method === 'HEAD') return void response.end();
    await pipeline(createReadStream(file.diskPath, isWhole ? {} : { start: from, end: to }), response);
  }

  async #take(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, name = '', position = ''] = PART.exec(path) ?? [];
    const parted = this.#parted.get(name);
    if (parted) {
      await parted.write(Number(position), request);
      response.writeHead(204, headersFor(this.host)).end();
      return;
    }
    const awaited = this.#awaited.get(path);
    if (!awaited || awaited.isTaken) return refuse(response, 405);
    awaited.isTaken = true;
    const { diskPath, maxBytes } = awaited;
    const hash = createHash('sha256');
    let sizeBytes = 0;
    const measure = new Transform({
      transform(chunk: Uint8Array, _encoding, done) {
        hash.update(chunk);
        sizeBytes += chunk.length;
        done(sizeBytes > maxBytes ? new Error(`the page sent more than ${maxBytes} bytes`) : null, chunk);
      },
    });
    await pipeline(request, measure, createWriteStream(diskPath, { flags: 'wx', mode: 0o600 }));
    awaited.received = { diskPath, sizeBytes, sha256: hash.digest('hex') };
    response.writeHead(204, headersFor(this.host)).end();
  }

  #fileAt(path: string): HostedFile | null | Promise<HostedFile | null> {
    if (path.startsWith(`${SCENE_ROUTE}/`)) return this.#sceneFile(path);
    if (path.startsWith(`${ASSET_ROUTE}/`)) return this.#assets.get(path.slice(ASSET_ROUTE.length + 1))?.file ?? null;
    if (path.startsWith(`${INPUT_ROUTE}/`)) return this.#inputs.get(path.slice(INPUT_ROUTE.length + 1)) ?? null;
    return this.#builtFile(path);
  }

  #sceneFile(path: string): HostedFile | null {
    const [hash = '', ...rest] = path.slice(SCENE_ROUTE.length + 1).split('/');
    const decoded = decode(rest.join('/'));
    return decoded === null ? null : (this.#scenes.get(hash)?.get(decoded) ?? null);
  }

  async #builtFile(path: string): Promise<HostedFile | null> {
    const decoded = decode(path === '/' ? '/index.html' : path);
    if (decoded === null || decoded.includes('\0')) return null;
    // Built-in files keep their route as their folder.
    const diskPath = join(this.#folder, normalize(decoded));
    if (!diskPath.startsWith(this.#folder)) return null;
    try {
      const found = await stat(diskPath);
      return found.isFile() ? { diskPath, sizeBytes: found.size } : null;
    } catch {
      return null;
    }
  }
}

/** First and last byte that are asked for: `bytes=0-99`, or all. Of other forms the page makes no use. */
function rangeOf({ headers }: IncomingMessage, sizeBytes: number): readonly [number, number] {
  const [, from, to] = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(headers.range ?? '') ?? [];
  return from === undefined ? [0, sizeBytes - 1] : [Number(from), Math.min(Number(to), sizeBytes - 1)];
}

function decode(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 0 });
  response.end();
}

/**
 * The page may run its own program and what decoders compile, talk to its own host, and nothing else. The proxy holds
 * the same line; this one makes an attempt fail before a byte is sent.
 */
function headersFor(host: string): Record<string, string> {
  return {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'permissions-policy':
      'camera=(), microphone=(), geolocation=(), display-capture=(), usb=(), serial=(), hid=(), midi=(), clipboard-read=(), clipboard-write=(), fullscreen=(), payment=(), screen-wake-lock=()',
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self' 'wasm-unsafe-eval' blob:",
      "worker-src 'self' blob:",
      `connect-src 'self' blob: data: ws://${host}`,
      "img-src 'self' blob: data:",
      "style-src 'self' 'unsafe-inline'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  };
}
