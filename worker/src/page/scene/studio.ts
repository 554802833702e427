import { Color, DataTexture, EquirectangularReflectionMapping, PMREMGenerator, type Texture, type WebGLRenderer } from 'three';
import { EXRLoader } from 'three/addons/loaders/EXRLoader.js';
import { BUILT_IN_ROUTE } from '../contract.ts';

/** The built-in studio: image-based light of scenes that bring none (glTF has no environment of its own). */
export class Studio {
  /** Filtered for rough reflections. */
  readonly environment: Texture;
  readonly #grey = new Color();

  constructor(renderer: WebGLRenderer, panorama: DataTexture) {
    panorama.mapping = EquirectangularReflectionMapping;
    const generator = new PMREMGenerator(renderer);
    this.environment = generator.fromEquirectangular(panorama).texture;
    generator.dispose();
    panorama.dispose();
  }

  static async load(renderer: WebGLRenderer): Promise<Studio> {
    return new Studio(renderer, await new EXRLoader().loadAsync(`${BUILT_IN_ROUTE}/studio.exr`));
  }

  /** One colour object for all backgrounds. @param light linear, of all three channels. */
  grey(light: number): Color {
    return this.#grey.setRGB(light, light, light);
  }
}
