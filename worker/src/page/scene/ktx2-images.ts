import { DataTexture, LinearSRGBColorSpace, SRGBColorSpace, type Texture, type WebGLRenderer } from 'three';
import { ZSTDDecoder } from 'three/addons/libs/zstddec.module.js';
import { KTX2Loader } from 'three/addons/loaders/KTX2Loader.js';
import type { WebGPURenderer } from 'three/webgpu';
import { BUILT_IN_ROUTE } from '../contract.ts';

/** Threads of the transcoder; a page shares its machine with others and with the software renderer. */
const TRANSCODER_WORKERS = 2;

const HEADER_BYTES = 80;
const LEVEL_BYTES = 24;
const VK_FORMAT_R8G8B8_UNORM = 23;
const VK_FORMAT_R8G8B8_SRGB = 29;
const SUPERCOMPRESSION_NONE = 0;
const SUPERCOMPRESSION_ZSTD = 2;

/** Reads KTX2: Basis textures with three's loader, and plain three-channel ones, which it refuses. */
export class Ktx2Images {
  /** Given to three's glTF loader, which asks for one. */
  readonly loader: KTX2Loader;
  #zstd: Promise<ZSTDDecoder> | null = null;

  constructor(renderer: WebGLRenderer | WebGPURenderer) {
    this.loader = new KTX2Loader()
      .setTranscoderPath(`${BUILT_IN_ROUTE}/basis/`)
      .setWorkerLimit(TRANSCODER_WORKERS)
      .detectSupport(renderer);
  }

  /** @param bytes may be taken away. @throws Error saying what is wrong with the image. */
  async read(bytes: ArrayBuffer): Promise<Texture> {
    const view = new DataView(bytes);
    const vkFormat = bytes.byteLength >= HEADER_BYTES ? view.getUint32(12, true) : 0;
    if (vkFormat === VK_FORMAT_R8G8B8_UNORM || vkFormat === VK_FORMAT_R8G8B8_SRGB) return this.#readRgb(view, vkFormat);
    return new Promise((resolve, reject) => this.loader.parse(bytes, resolve, reject));
  }

  /**
   * KTX 2.0, section 3: at 12 the format, 20 and 24 width and height, 44 the supercompression; from 80 the level index,
   * largest first, each u64 offset, length, uncompressed length. GPUs have no three-channel textures worth using, so a
   * fourth is added; mip maps are made anew from the largest level.
   */
  async #readRgb(view: DataView, vkFormat: number): Promise<Texture> {
    const [width, height] = [view.getUint32(20, true), view.getUint32(24, true)];
    if (view.byteLength < HEADER_BYTES + LEVEL_BYTES) throw new Error('the KTX2 file ends within its header');
    const [offset, length] = [Number(view.getBigUint64(HEADER_BYTES, true)), Number(view.getBigUint64(88, true))];
    if (offset + length > view.byteLength) throw new Error('the KTX2 file is cut off');
    const scheme = view.getUint32(44, true);
    const rgb = await this.#expand(new Uint8Array(view.buffer, offset, length), scheme, width * height * 3);
    const rgba = new Uint8Array(width * height * 4);
    for (let from = 0, to = 0; to < rgba.length; from += 3, to += 4) {
      rgba[to] = rgb[from] ?? 0;
      rgba[to + 1] = rgb[from + 1] ?? 0;
      rgba[to + 2] = rgb[from + 2] ?? 0;
      rgba[to + 3] = 255;
    }
    const texture = new DataTexture(rgba, width, height);
    texture.colorSpace = vkFormat === VK_FORMAT_R8G8B8_SRGB ? SRGBColorSpace : LinearSRGBColorSpace;
    texture.needsUpdate = true;
    return texture;
  }

  async #expand(data: Uint8Array, scheme: number, sizeBytes: number): Promise<Uint8Array> {
    let expanded = data;
    if (scheme === SUPERCOMPRESSION_ZSTD) {
      this.#zstd ??= startZstd();
      expanded = (await this.#zstd).decode(data, sizeBytes);
    } else if (scheme !== SUPERCOMPRESSION_NONE) {
      throw new Error(`KTX2 supercompression ${scheme} is not supported for three-channel images`);
    }
    if (expanded.length !== sizeBytes) throw new Error(`the KTX2 image has ${expanded.length} bytes, not ${sizeBytes}`);
    return expanded;
  }
}

async function startZstd(): Promise<ZSTDDecoder> {
  const decoder = new ZSTDDecoder();
  await decoder.init();
  return decoder;
}
