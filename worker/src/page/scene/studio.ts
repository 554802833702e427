import {
  Color,
  type DataTexture,
  DataUtils,
  EquirectangularReflectionMapping,
  PMREMGenerator,
  type Texture,
  type WebGLRenderer,
} from 'three';
import { EXRLoader } from 'three/addons/loaders/EXRLoader.js';
import { BUILT_IN_ROUTE } from '../contract.ts';

/** The built-in studio: image-based light of scenes that bring none (glTF has no environment of its own). */
export class Studio {
  /** Filtered for rough reflections. */
  readonly environment: Texture;
  readonly #grey = new Color();

  constructor(renderer: WebGLRenderer, panorama: DataTexture) {
    whiteBalance(panorama);
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

/** The lamps of the photographed studio are bluish: scaled so that white in it is white, at the same luminance. */
function whiteBalance({ image }: DataTexture): void {
  const { data, width, height } = image;
  if (!(data instanceof Uint16Array)) throw new Error('the studio is not an image of half floats');
  const sums = [0, 0, 0];
  for (let row = 0; row < height; row += 1) {
    // Part of the sphere that a pixel of this row covers.
    const weight = Math.sin(((row + 0.5) / height) * Math.PI);
    for (let i = row * width * 4; i < (row + 1) * width * 4; i += 4) {
      for (const c of [0, 1, 2]) sums[c] = (sums[c] ?? 0) + DataUtils.fromHalfFloat(data[i + c] ?? 0) * weight;
    }
  }
  const [red = 1, green = 1, blue = 1] = sums;
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  const factors = [luminance / red, luminance / green, luminance / blue];
  for (let i = 0; i < data.length; i += 4) {
    for (const c of [0, 1, 2]) {
      const light = DataUtils.fromHalfFloat(data[i + c] ?? 0) * (factors[c] ?? 1);
      data[i + c] = DataUtils.toHalfFloat(Math.min(65_504, light));
    }
  }
}
