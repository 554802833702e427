import { KilnError, referenceOf } from '@kiln/shared';
import { type PageScene, SCENE_ROUTE } from '../contract.ts';

/** A scene some of whose files lie in the page's own memory. */
export interface SceneContent extends PageScene {
  /** By path; those that are not in it come from Node. */
  readonly contents?: ReadonlyMap<string, Blob>;
}

/** The files of one scene, and what its URIs mean. Nothing else is ever fetched. */
export class SceneFiles {
  readonly scene: SceneContent;
  /** Addresses of files in memory, made when they are asked for. */
  readonly #addresses = new Map<string, string>();
  readonly #sizes: ReadonlyMap<string, number>;

  readonly #origin: string;

  /** @param origin of the page. */
  constructor(scene: SceneContent, origin: string) {
    this.scene = scene;
    this.#origin = origin;
    this.#sizes = new Map(scene.files.map(({ path, sizeBytes }) => [path, sizeBytes]));
  }

  sizeOf(path: string): number {
    return this.#sizes.get(path) ?? 0;
  }

  /**
   * The path of the file that `uri` names; not for `data:` URIs.
   *
   * @param pointer JSON Pointer of the URI, for the error.
   * @throws KilnError `scene.forbidden_uri` for anything outside the scene, `scene.missing_resource`.
   */
  resolve(uri: string, pointer: string): string {
    const { paths, leadsOut } = referenceOf(this.scene.entry, uri);
    const found = paths.find((path) => this.#sizes.has(path));
    if (found) return found;
    const shown = uri.length > 100 ? `${uri.slice(0, 100)}…` : uri;
    if (leadsOut) {
      throw new KilnError(
        'scene.forbidden_uri',
        `The scene refers to "${shown}", which is outside its own folder: put the file into the folder and refer to it by a relative path.`,
        { field: pointer },
      );
    }
    throw new KilnError(
      'scene.missing_resource',
      `The scene refers to "${shown}", which was not uploaded: upload it together with ${this.scene.entry}.`,
      { field: pointer },
    );
  }

  url(path: string): string {
    const content = this.scene.contents?.get(path);
    if (content) {
      const address = this.#addresses.get(path) ?? URL.createObjectURL(content);
      this.#addresses.set(path, address);
      return address;
    }
    return `${this.#origin}${SCENE_ROUTE}/${this.scene.sceneHash}/${path.split('/').map(encodeURIComponent).join('/')}`;
  }

  /** The first bytes of a file, enough for its signature; the rest is not waited for. */
  async start(path: string): Promise<Uint8Array> {
    if (this.sizeOf(path) === 0) return new Uint8Array();
    const abort = new AbortController();
    const { body } = await fetch(this.url(path), { signal: abort.signal });
    const first = await body?.getReader().read();
    abort.abort();
    return first?.value ?? new Uint8Array();
  }

  /**
   * @param onBytes told how many bytes arrived, as they do.
   * @throws KilnError `scene.import_failed` when the file does not come.
   */
  async fetch(path: string, onBytes?: (count: number) => void): Promise<Uint8Array<ArrayBuffer>> {
    const response = await fetch(this.url(path));
    if (!response.ok || !response.body) {
      throw new KilnError('scene.import_failed', `The file ${path} could not be read (status ${response.status}).`, {
        field: path,
      });
    }
    const bytes = new Uint8Array(this.sizeOf(path));
    let length = 0;
    for await (const chunk of response.body) {
      if (length + chunk.length > bytes.length) break;
      bytes.set(chunk, length);
      length += chunk.length;
      onBytes?.(chunk.length);
    }
    if (length !== bytes.length) {
      throw new KilnError('scene.import_failed', `The file ${path} came with another size than announced.`, {
        field: path,
      });
    }
    return bytes;
  }
}
