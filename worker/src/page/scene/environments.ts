import type { EnvironmentName } from '@kiln/shared';
import { type DataTexture, PMREMGenerator, type Texture, type WebGLRenderer } from 'three';
import { EXRLoader } from 'three/addons/loaders/EXRLoader.js';
import { BUILT_IN_ROUTE } from '../contract.ts';
import { evenPanorama, expose, setUpPanorama } from './panorama.ts';
import { setUpStudio } from './studio.ts';

/** Light from all around. */
export interface Environment {
  /** Filtered for rough reflections: what three draws with. */
  readonly filtered: Texture;
  /** Equirectangular, half floats, its pixels at hand. */
  readonly panorama: DataTexture;
}

/**
 * The built-in environments, each made when it is first asked for and kept: some 5 MB of GPU memory. (glTF has no
 * environment of its own.)
 */
export class Environments {
  readonly #renderer: WebGLRenderer;
  readonly #made = new Map<EnvironmentName, Promise<Environment>>();

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

  async #make(name: EnvironmentName): Promise<Environment> {
    const panorama = await panoramaOf(name);
    const generator = new PMREMGenerator(this.#renderer);
    const filtered = generator.fromEquirectangular(panorama).texture;
    generator.dispose();
    // Goes to the GPU only when it is drawn with itself.
    panorama.dispose();
    return { filtered, panorama };
  }
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
