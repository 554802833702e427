import { LoadingManager, type Texture } from 'three';
import { refuse } from '../import/refuse.ts';
import { PAGE_LIMITS } from '../limits.ts';
import type { SceneFiles } from '../scene/scene-files.ts';
import { findFile } from './find-file.ts';
import type { Findings } from './findings.ts';

/** An image that a scene refers to. */
export interface RequestedImage {
  /** As the file has it, for messages. */
  readonly name: string;
  /** @throws KilnError `scene.over_limit` when the images have too many bytes together. */
  read(): Promise<Uint8Array<ArrayBuffer>>;
}

/** A PNG of one pixel. */
const PLACEHOLDER = Uint8Array.from(
  atob('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='),
  (letter) => letter.charCodeAt(0),
);

/**
 * What three's loaders ask for while they read an untrusted scene. They get a picture of one pixel for every image: nothing
 * is fetched from anywhere but the scene's own files, and nothing is decoded before its size is known.
 */
export class ImageRequests {
  readonly manager = new LoadingManager();
  readonly #files: SceneFiles;
  readonly #path: string;
  readonly #findings: Findings;
  /** By the address that the loader was given instead; null: there is no such image. */
  readonly #byAddress = new Map<string, RequestedImage | null>();
  readonly #addresses = new Map<string, string>();
  /** By path: several references may mean one file. */
  readonly #byPath = new Map<string, RequestedImage>();
  #embedded = 0;
  #bytes = 0;
  #idle: Promise<void> = Promise.resolve();

  /** @param path of the file that is read: references are relative to it. */
  constructor(files: SceneFiles, path: string, findings: Findings) {
    this.#files = files;
    this.#path = path;
    this.#findings = findings;
    this.manager.setURLModifier((url) => this.#addressOf(url));
    this.manager.onStart = () => {
      this.#idle = new Promise((resolve) => {
        this.manager.onLoad = resolve;
      });
    };
  }

  /** When the loaders have all that they asked for. */
  async settled(): Promise<void> {
    for (let idle: Promise<void> | null = null; idle !== this.#idle; ) {
      idle = this.#idle;
      await idle;
    }
  }

  /** The image that a loader's texture stands for; null when it is not there, undefined for none that was asked for. */
  imageOf(texture: Texture): RequestedImage | null | undefined {
    return this.imageAt(texture.image);
  }

  /** The same of one image of a texture. */
  imageAt(image: unknown): RequestedImage | null | undefined {
    return image instanceof HTMLImageElement ? this.#byAddress.get(image.src) : undefined;
  }

  #addressOf(url: string): string {
    const known = this.#addresses.get(url);
    if (known !== undefined) return known;
    const address = URL.createObjectURL(new Blob([PLACEHOLDER], { type: 'image/png' }));
    this.#addresses.set(url, address);
    this.#byAddress.set(address, this.#find(url));
    return address;
  }

  /** Not before it is needed, and no more than this page has room for. */
  async #fetch(path: string): Promise<Uint8Array<ArrayBuffer>> {
    this.#bytes += this.#files.sizeOf(path);
    if (this.#bytes > PAGE_LIMITS.unpackedBytes) {
      const limit = PAGE_LIMITS.unpackedBytes.toLocaleString('en');
      throw refuse('scene.over_limit', `The images have more than ${limit} bytes together: make some smaller.`, path);
    }
    return this.#files.fetch(path);
  }

  #find(url: string): RequestedImage | null {
    if (/^(blob|data):/i.test(url)) {
      this.#embedded += 1;
      // At once: a loader gives its addresses back as soon as it has what is there.
      const bytes = read(url);
      bytes.catch(() => {});
      return { name: `embedded image ${this.#embedded}`, read: () => bytes };
    }
    const path = findFile(this.#files.scene, this.#path, url);
    if (path !== null) {
      const known = this.#byPath.get(path) ?? { name: url, read: () => this.#fetch(path) };
      this.#byPath.set(path, known);
      return known;
    }
    const shown = url.length > 100 ? `…${url.slice(-100)}` : url;
    const message = `The image "${shown}" was not uploaded with the scene: it is drawn without it.`;
    this.#findings.add('warning', 'MISSING_IMAGE', message, shown);
    return null;
  }
}

/** Of something that lies in this page's memory. */
async function read(url: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await fetch(url)).arrayBuffer());
}
