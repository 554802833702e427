/** What passes between the page and a panorama worker: one request, one reply. */
import type { Refusal } from '@kiln/shared';
import type { LightFromAbove } from './light-from-above.ts';
import type { LightPictures } from './light-pictures.ts';
import type { FloatPanorama, HalfImage, PanoramaImages } from './read-panorama.ts';

/** How often light is looked for in each direction of a panorama, as the path tracer's shader reads it: half floats. */
export interface LightShares {
  /** A row for each of equal parts of the whole light. */
  readonly marginal: Uint16Array<ArrayBuffer>;
  /** Row by row, a column for each of equal parts of its light. */
  readonly conditional: Uint16Array<ArrayBuffer>;
  /** Sum of the luminance of all pixels. */
  readonly total: number;
  readonly fromAbove: LightFromAbove;
}

/** What can be asked for, and what is answered. */
export interface PanoramaTasks {
  /** Of a file that is not trusted. */
  readonly read: { readonly asked: PanoramaFile; readonly answer: FloatPanorama };
  /** The same file, in the two sizes that are drawn with. */
  readonly images: { readonly asked: PanoramaFile; readonly answer: PanoramaImages };
  /** Of pictures of a scene that is not trusted. */
  readonly pictured: { readonly asked: LightPictures; readonly answer: PanoramaImages };
  /** Of the same, a file of OpenEXR. */
  readonly file: { readonly asked: LightPictures; readonly answer: Uint8Array<ArrayBuffer> };
  readonly shares: { readonly asked: HalfImage; readonly answer: LightShares };
}

interface PanoramaFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** For errors. */
  readonly path: string;
}

export type PanoramaTask = keyof PanoramaTasks;

export type PanoramaRequest = {
  readonly [K in PanoramaTask]: { readonly task: K } & PanoramaTasks[K]['asked'];
}[PanoramaTask];

export type PanoramaReply =
  | { readonly answer: PanoramaTasks[PanoramaTask]['answer'] }
  | { readonly refusal: Refusal }
  | { readonly error: string; readonly stack: string };
