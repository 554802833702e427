import {
  type AssetReference,
  type EnvironmentChoice,
  type EnvironmentName,
  KilnError,
  SCENE_ENVIRONMENT,
} from '@kiln/shared';
import { DataTexture, HalfFloatType, PMREMGenerator, RGBAFormat, type Texture, type WebGLRenderer } from 'three';
import { EXRLoader } from 'three/addons/loaders/EXRLoader.js';
import { assetBytes } from '../assets/asset-bytes.ts';
import { panoramaAside } from '../assets/panorama-aside.ts';
import type { HalfImage, PanoramaImages } from '../assets/read-panorama.ts';
import { BUILT_IN_ROUTE } from '../contract.ts';
import { PAGE_LIMITS } from '../limits.ts';
import { evenPanorama, expose, setUpPanorama } from './panorama.ts';
import { environmentImages, type SceneEnvironment } from './scene-environment.ts';
import { type Daylight, skyPanorama } from './sky.ts';
import { setUpStudio } from './studio.ts';

/** Light from all around. */
export interface Environment {
  /** Filtered for rough reflections: what three draws with. */
  readonly filtered: Texture;
  /** Equirectangular, half floats, its pixels at hand. */
  readonly panorama: DataTexture;
  /** Frees what was filtered. */
  readonly free: () => void;
}

/** A scene that may bring its environment along. */
interface Owner {
  readonly environment: SceneEnvironment | null;
  readonly content: { readonly sceneHash: string };
}

/** Kept while it is used, and some time longer. */
interface Passing {
  readonly environment: Promise<Environment>;
  /** Pictures that are drawn with it. */
  users: number;
}

/**
 * The environments, each made when it is first asked for: some 5 MB of GPU memory of a built-in one, which is kept; of an
 * uploaded one or a scene's own up to 100 MB, kept while it is used and a while longer.
 */
export class Environments {
  readonly #renderer: WebGLRenderer;
  readonly #made = new Map<EnvironmentName, Promise<Environment>>();
  /** Uploaded ones by content, those of scenes by scene, and skies; in order of use. */
  readonly #passing = new Map<string, Passing>();

  constructor(renderer: WebGLRenderer) {
    this.#renderer = renderer;
  }

  get(name: EnvironmentName): Promise<Environment> {
    const known = this.#made.get(name);
    if (known) return known;
    const making = this.#make(name);
    this.#made.set(name, making);
    // What failed once is tried again.
    making.catch(() => this.#made.delete(name));
    return making;
  }

  /**
   * Has an environment, or the sky of a sun, ready until `release` is called.
   *
   * @param scene that is lit.
   * @throws KilnError `job.unsupported` for the environment of a scene that has none.
   */
  async use(
    choice: EnvironmentChoice | Daylight,
    scene: Owner,
  ): Promise<{ environment: Environment; release: () => void }> {
    if (choice === SCENE_ENVIRONMENT) return this.#hold(`scene ${scene.content.sceneHash}`, () => this.#own(scene));
    if (typeof choice === 'string') return { environment: await this.get(choice), release: () => {} };
    const key = 'sha256' in choice ? choice.sha256 : `${choice.elevationDeg} ${choice.turbidity}`;
    return this.#hold(key, () => this.#read(choice));
  }

  async #hold(
    key: string,
    make: () => Promise<Environment>,
  ): Promise<{ environment: Environment; release: () => void }> {
    const passing = this.#passing.get(key) ?? { environment: make(), users: 0 };
    this.#passing.delete(key);
    this.#passing.set(key, passing);
    passing.users += 1;
    let isHeld = true;
    const release = () => {
      if (isHeld) passing.users -= 1;
      isHeld = false;
      this.#freeIdle();
    };
    try {
      return { environment: await passing.environment, release };
    } catch (error) {
      if (this.#passing.get(key) === passing) this.#passing.delete(key);
      throw error;
    }
  }

  #freeIdle(): void {
    const idle = [...this.#passing].filter(([, { users }]) => users === 0);
    for (const [key, { environment }] of idle.slice(0, Math.max(0, idle.length - PAGE_LIMITS.idleEnvironments))) {
      this.#passing.delete(key);
      environment.then(freeEnvironment, () => {});
    }
  }

  async #read(choice: AssetReference | Daylight): Promise<Environment> {
    if (!('sha256' in choice)) {
      const sky = skyPanorama(choice);
      return { ...this.#filter(sky), panorama: sky };
    }
    const bytes = await assetBytes(choice);
    return this.#of(await panoramaAside('images', { bytes, path: choice.sha256 }, [bytes.buffer]));
  }

  async #own({ environment }: Owner): Promise<Environment> {
    if (environment) return this.#of(await environmentImages(environment));
    throw new KilnError('job.unsupported', 'The scene has no environment of its own: choose another one.');
  }

  #of({ full, small }: PanoramaImages): Environment {
    return { ...this.#filter(textureOf(small)), panorama: textureOf(full) };
  }

  async #make(name: EnvironmentName): Promise<Environment> {
    const panorama = await panoramaOf(name);
    return { ...this.#filter(panorama), panorama };
  }

  /** @param panorama goes from the GPU again: it comes back only when it is drawn with itself. */
  #filter(panorama: DataTexture): Pick<Environment, 'filtered' | 'free'> {
    const generator = new PMREMGenerator(this.#renderer);
    const target = generator.fromEquirectangular(panorama);
    generator.dispose();
    panorama.dispose();
    return { filtered: target.texture, free: () => target.dispose() };
  }
}

function textureOf({ data, widthPx, heightPx }: HalfImage): DataTexture {
  const texture = new DataTexture(data, widthPx, heightPx, RGBAFormat, HalfFloatType);
  setUpPanorama(texture);
  texture.needsUpdate = true;
  return texture;
}

function freeEnvironment({ panorama, free }: Environment): void {
  panorama.dispose();
  free();
}

async function panoramaOf(name: EnvironmentName): Promise<DataTexture> {
  if (name === 'white') return evenPanorama(1);
  if (name === 'none') return evenPanorama(0);
  const panorama = await new EXRLoader().loadAsync(`${BUILT_IN_ROUTE}/environments/${name}.exr`);
  setUpPanorama(panorama);
  if (name === 'studio') setUpStudio(panorama);
  else expose(panorama);
  return panorama;
}
