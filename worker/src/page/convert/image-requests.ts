import { LoadingManager, type Texture } from 'three';
import type { SceneFiles } from '../scene/scene-files.ts';
import { findFile } from './find-file.ts';
import type { Findings } from './findings.ts';

/** An image that a scene refers to. */
export interface RequestedImage {
  /** As the file has it, for messages. */
  readonly name: string;
  readonly bytes: Promise<Uint8Array<ArrayBuffer>>;
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
  #embedded = 0;
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
    const image: unknown = texture.image;
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

  #find(url: string): RequestedImage | null {
    if (/^(blob|data):/i.test(url)) {
      this.#embedded += 1;
      // At once: a loader gives its addresses back as soon as it has what is there.
      return { name: `embedded image ${this.#embedded}`, bytes: read(url) };
    }
    const path = findFile(this.#files.scene, this.#path, url);
    if (path !== null) return { name: url, bytes: this.#files.fetch(path) };
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
