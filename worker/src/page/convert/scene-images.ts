import { LIMITS } from '@kiln/shared';
import type { Texture } from 'three';
import { TGALoader } from 'three/addons/loaders/TGALoader.js';
import { readImageSize } from '../import/image-size.ts';
import { refuse } from '../import/refuse.ts';
import type { Findings } from './findings.ts';
import type { ImageRequests, RequestedImage } from './image-requests.ts';
import { readOldImageSize } from './old-image-size.ts';

/** An image that goes into the GLB byte for byte. */
export interface EncodedImage {
  /** Of the file. */
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly mediaType: 'image/png' | 'image/jpeg' | 'image/webp';
}

/**
 * The images of a scene on their way into the GLB: those that glTF knows keep their bytes, others are drawn into a canvas
 * that the exporter writes as PNG.
 */
export class SceneImages {
  readonly #requests: ImageRequests;
  readonly #findings: Findings;
  /** What a texture of this image carries for the exporter; null when it cannot be drawn. */
  readonly #made = new Map<RequestedImage, Promise<object | null>>();
  readonly #encoded = new Map<object, EncodedImage>();
  #pixels = 0;

  constructor(requests: ImageRequests, findings: Findings) {
    this.#requests = requests;
    this.#findings = findings;
  }

  /** What stands for this image in the GLB, byte for byte; undefined for what the exporter draws. */
  encodedOf(image: unknown): EncodedImage | undefined {
    return typeof image === 'object' && image !== null ? this.#encoded.get(image) : undefined;
  }

  /** Whether two textures show the same file. */
  isSame(a: Texture, b: Texture): boolean {
    return a.image === b.image;
  }

  /**
   * Gives the texture its image.
   *
   * @returns false when there is none: the material must do without.
   * @throws KilnError `scene.texture_too_large`, `scene.over_limit`.
   */
  async take(texture: Texture): Promise<boolean> {
    const requested = this.#requests.imageOf(texture);
    if (requested === null) return false;
    const image = requested === undefined ? this.#rawImage(texture) : await this.#make(requested, texture.image);
    if (image === null) return false;
    texture.image = image;
    return true;
  }

  /** Gives the texture its pixels, where the exporter has to look at them. */
  async draw(texture: Texture): Promise<OffscreenCanvas | null> {
    const { image } = texture;
    if (image instanceof OffscreenCanvas) return image;
    const encoded = this.encodedOf(image);
    if (!encoded) return null;
    const canvas = await canvasOf(encoded.bytes).catch(() => null);
    if (canvas) texture.image = canvas;
    return canvas;
  }

  #make(requested: RequestedImage, placeholder: unknown): Promise<object | null> {
    const made = this.#made.get(requested) ?? this.#makeOne(requested, placeholder);
    this.#made.set(requested, made);
    return made;
  }

  async #makeOne({ name, read }: RequestedImage, placeholder: unknown): Promise<object | null> {
    const bytes = await read();
    const size = readImageSize(bytes) ?? readOldImageSize(bytes);
    if (!size || size.widthPx === 0 || size.heightPx === 0) return this.#unreadable(name);
    this.#count(name, size.widthPx, size.heightPx);
    const { mediaType } = size;
    if (mediaType === 'image/png' || mediaType === 'image/jpeg' || mediaType === 'image/webp') {
      if (typeof placeholder !== 'object' || placeholder === null) return null;
      this.#encoded.set(placeholder, { name: nameOf(name), bytes, mediaType });
      return placeholder;
    }
    try {
      return mediaType === 'image/x-tga' ? tgaCanvas(bytes) : await canvasOf(bytes);
    } catch {
      return this.#unreadable(name);
    }
  }

  /** Pixels that the file itself holds, as three's JSON may. */
  #rawImage({ image }: Texture): object | null {
    const { data, width, height } = Object(image);
    const isPixels = data instanceof Uint8Array || data instanceof Uint8ClampedArray;
    if (!isPixels || !Number.isInteger(width) || data.length !== width * height * 4) {
      return this.#unreadable('of pixels in the file');
    }
    this.#count('of pixels in the file', width, height);
    return canvasOfPixels(data, width, height);
  }

  #unreadable(name: string): null {
    const shown = name.length > 100 ? `…${name.slice(-100)}` : name;
    const message = `The image "${shown}" cannot be read: it is drawn without it. Save it as PNG or JPEG.`;
    this.#findings.add('warning', 'UNREADABLE_IMAGE', message, shown);
    return null;
  }

  #count(name: string, widthPx: number, heightPx: number): void {
    if (Math.max(widthPx, heightPx) > LIMITS.textureEdgePx) {
      throw refuse(
        'scene.texture_too_large',
        `The image "${name}" is ${widthPx} × ${heightPx} pixels, at most ${LIMITS.textureEdgePx} along an edge are taken: make it smaller.`,
        name,
      );
    }
    this.#pixels += widthPx * heightPx;
    if (this.#pixels <= LIMITS.scenePixels) return;
    const limit = LIMITS.scenePixels.toLocaleString('en');
    throw refuse('scene.over_limit', `The textures have more than ${limit} pixels together: make some smaller.`, name);
  }
}

/** Without folders, which are somebody's own. */
const nameOf = (reference: string) => reference.replaceAll('\\', '/').split('/').at(-1) ?? reference;

async function canvasOf(bytes: Uint8Array<ArrayBuffer>): Promise<OffscreenCanvas> {
  const bitmap = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: 'none' });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  contextOf(canvas).drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas;
}

function tgaCanvas(bytes: Uint8Array<ArrayBuffer>): OffscreenCanvas | null {
  const { data, width = 0, height = 0 } = new TGALoader().parse(bytes.slice().buffer);
  return data instanceof Uint8Array ? canvasOfPixels(data, width, height) : null;
}

function canvasOfPixels(data: Uint8Array | Uint8ClampedArray, width: number, height: number): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height);
  contextOf(canvas).putImageData(new ImageData(new Uint8ClampedArray(data), width, height), 0, 0);
  return canvas;
}

/** @throws Error when the machine has no memory for it. */
export function contextOf(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('there is no memory for a canvas');
  return context;
}
