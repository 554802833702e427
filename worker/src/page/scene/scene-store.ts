import { KilnError } from '@kiln/shared';
import { Scene } from 'three';
import type { LoadedScene, SceneParts } from './loaded-scene.ts';
import type { SceneContent } from './scene-files.ts';

interface Entry {
  readonly scene: LoadedScene;
  users: number;
  /** Unloaded while in use: freed when its last user lets go. */
  doomed: boolean;
}

export interface SceneStoreNeeds {
  /** Reads the scene; called once for all who ask for it at the same time. */
  read(scene: SceneContent, onFraction: (fraction: number) => void): Promise<SceneParts>;
  /** Puts it on the GPU, in an empty stage. */
  prepare(parts: SceneParts, stage: Scene): Promise<LoadedScene>;
}

/**
 * The loaded scenes, by hash. Frames and live views share one load. What was loaded stays until it is unloaded: only the
 * worker's Node process knows who still needs it.
 */
export class SceneStore {
  readonly #needs: SceneStoreNeeds;
  readonly #entries = new Map<string, Entry>();
  readonly #loading = new Map<string, { promise: Promise<LoadedScene>; listeners: ((fraction: number) => void)[] }>();
  /** three keeps targets per scene object for ever, so these are used again. */
  readonly #stages: Scene[] = [];

  constructor(needs: SceneStoreNeeds) {
    this.#needs = needs;
  }

  /** Loads the scene, or finds it loaded or being loaded. */
  async load(
    scene: SceneContent,
    onFraction: (fraction: number) => void,
  ): Promise<{ scene: LoadedScene; loadedNow: boolean }> {
    const { sceneHash } = scene;
    const entry = this.#entries.get(sceneHash);
    if (entry) return { scene: entry.scene, loadedNow: false };
    const loading = this.#loading.get(sceneHash);
    if (loading) {
      loading.listeners.push(onFraction);
      return { scene: await loading.promise, loadedNow: false };
    }
    const listeners = [onFraction];
    const promise = this.#load(scene, (fraction) => {
      for (const listener of listeners) listener(fraction);
    });
    this.#loading.set(sceneHash, { promise, listeners });
    try {
      return { scene: await promise, loadedNow: true };
    } finally {
      this.#loading.delete(sceneHash);
    }
  }

  /**
   * Holds a scene for one picture: it is not freed before `release` is called.
   *
   * @throws KilnError `render.failed` when it is not loaded.
   */
  use(sceneHash: string): { scene: LoadedScene; release: () => void } {
    const entry = this.#entries.get(sceneHash);
    if (!entry) throw new KilnError('render.failed', `The scene ${sceneHash} is not loaded: load it first.`);
    entry.users += 1;
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      entry.users -= 1;
      if (entry.doomed && entry.users === 0) this.#free(entry);
    };
    return { scene: entry.scene, release };
  }

  /** Frees the scene now, or when its last user lets go. Not being loaded is no error. */
  async unload(sceneHash: string): Promise<void> {
    await this.#loading.get(sceneHash)?.promise.catch(() => null);
    const entry = this.#entries.get(sceneHash);
    if (!entry) return;
    this.#entries.delete(sceneHash);
    if (entry.users > 0) entry.doomed = true;
    else this.#free(entry);
  }

  async #load(scene: SceneContent, onFraction: (fraction: number) => void): Promise<LoadedScene> {
    const parts = await this.#needs.read(scene, onFraction);
    const loaded = await this.#needs.prepare(parts, this.#stages.pop() ?? new Scene());
    this.#entries.set(scene.sceneHash, { scene: loaded, users: 0, doomed: false });
    return loaded;
  }

  #free({ scene }: Entry): void {
    scene.dispose();
    this.#stages.push(scene.stage);
  }
}
