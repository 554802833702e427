/** Equirectangular images of the light around a scene: RGBA half floats, the lowest row first. */
import {
  DataTexture,
  DataUtils,
  EquirectangularReflectionMapping,
  HalfFloatType,
  LinearFilter,
  RepeatWrapping,
  RGBAFormat,
} from 'three';

/** Largest finite half float. */
export const HALF_MAX = 65_504;

/** Of all built-in panoramas, made ones included: images of other sizes would compile every material again. */
const SIZE = { width: 512, height: 256 };

/** Mean luminance over the sphere that a photographed panorama is exposed to: that of the studio. */
const MEAN_LIGHT = 0.75;

/** The same light from everywhere. @param light linear, of all three channels. */
export function evenPanorama(light: number): DataTexture {
  const data = new Uint16Array(SIZE.width * SIZE.height * 4).fill(DataUtils.toHalfFloat(light));
  for (let i = 3; i < data.length; i += 4) data[i] = DataUtils.toHalfFloat(1);
  const panorama = new DataTexture(data, SIZE.width, SIZE.height, RGBAFormat, HalfFloatType);
  setUpPanorama(panorama);
  panorama.needsUpdate = true;
  return panorama;
}

/** All panoramas are looked up the same way. */
export function setUpPanorama(panorama: DataTexture): void {
  panorama.mapping = EquirectangularReflectionMapping;
  panorama.minFilter = panorama.magFilter = LinearFilter;
  panorama.generateMipmaps = false;
  panorama.wrapS = RepeatWrapping;
}

/** Light above this is a sun or a lamp. */
const LAMP_LIGHT = 1_000;

/** Scales a photograph to a common exposure, and mends its suns. */
export function expose(panorama: DataTexture): void {
  const data = halfFloatsOf(panorama);
  const { height } = panorama.image;
  const width = data.length / 4 / height;
  const pixels = Float32Array.from(data, DataUtils.fromHalfFloat);
  for (let i = 0; i < pixels.length; i += 4) mendPixel(pixels.subarray(i, i + 3));
  let [sum, area] = [0, 0];
  for (let row = 0; row < height; row += 1) {
    // Part of the sphere that a pixel of this row covers.
    const weight = Math.sin(((row + 0.5) / height) * Math.PI);
    for (let i = row * width * 4; i < (row + 1) * width * 4; i += 4) {
      const [red = 0, green = 0, blue = 0] = pixels.subarray(i, i + 3);
      sum += (0.2126 * red + 0.7152 * green + 0.0722 * blue) * weight;
    }
    area += weight * width;
  }
  const factor = MEAN_LIGHT / (sum / area);
  for (let i = 0; i < data.length; i += 4) {
    for (const c of [0, 1, 2]) data[i + c] = DataUtils.toHalfFloat(Math.min(HALF_MAX, (pixels[i + c] ?? 0) * factor));
  }
}

/** The package's files are packed with loss: a channel of a sun may have become 0, or negative, or infinite. */
function mendPixel(rgb: Float32Array): void {
  const known = rgb.filter((light) => Number.isFinite(light) && light > 0);
  const brightest = Math.max(0, ...known);
  for (const [c, light] of rgb.entries()) {
    if (!Number.isFinite(light) || light < 0) rgb[c] = 0;
    if (brightest > LAMP_LIGHT && light < brightest / 100) rgb[c] = brightest;
  }
}

export function halfFloatsOf({ image: { data } }: DataTexture): Uint16Array {
  if (!(data instanceof Uint16Array)) throw new Error('a built-in panorama is an image of half floats');
  return data;
}
