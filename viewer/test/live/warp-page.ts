/** Runs in the browser: pictures of a traced scene on a stage, beside what is really seen from where the camera is. */
import { depthSizeOf, type Pose, quantiseDepth, type Size } from '@kiln/shared';
import { PictureStage } from '../../src/live/picture-stage.ts';
import type { YuvPicture } from '../../src/live/yuv-picture.ts';
import { lookAt, trace } from '../fake-farm/traced-scene.ts';
import { dissimilarity } from './dissimilarity.ts';
import { imageOf, pictureOf } from './staged-picture.ts';

export interface Turn {
  /** Of the camera around the scene. */
  readonly degrees: number;
  /** Towards the scene, as a share of the distance. */
  readonly nearer?: number;
}

export interface Shown {
  /** 1 − SSIM from the truth. */
  readonly error: number;
  /** Share of the pixels that show the sky where something stands. */
  readonly sky: number;
  /** PNG as a data URL. */
  readonly png: string;
}

interface UploadOptions {
  readonly depth?: boolean;
  readonly wider?: number;
  readonly size?: Size;
  readonly frame?: number;
  /** As a moving picture is decoded. */
  readonly planes?: boolean;
  /** 0 to 255, of all pixels. @defaultValue 255 */
  readonly alpha?: number;
}

declare global {
  interface Window {
    /** Gives the stage a picture from there: by default with depth, and as wide as is seen. */
    upload?: (turn: Turn, options?: UploadOptions) => Promise<void>;
    /** Gives the stage a picture in which nothing stands: black on the left, white on the right. */
    uploadSky?: (turn: Turn) => Promise<void>;
    /** Pixels from the left edge of what is shown to where it becomes white. */
    whiteFromPx?: () => number;
    /** What the stage shows from there; null: where its picture was seen from. */
    show?: (turn: Turn | null, truth: Turn, blends?: boolean) => Promise<Shown>;
    /** Without waiting for a display frame. */
    resize?: (widthPx: number, heightPx: number) => void;
    /** Programs that were linked so far. */
    linked?: () => number;
    loseContext?: () => Promise<void>;
    /** Difference of the canvas from the picture that was uploaded last, of 8-bit R, G and B: the most. */
    mostApart?: () => number;
    /** The least and the most alpha of what is on the canvas, and of it as a PNG. */
    alphas?: () => Promise<{ readonly shown: [number, number]; readonly inPng: [number, number] }>;
  }
}

const FOV_DEG = 38;
const SIZE: Size = { widthPx: 480, heightPx: 270 };
/** Level of what is seen where nothing stands, in red, green and blue. */
const SKY = 128;

let linked = 0;
const { linkProgram } = WebGL2RenderingContext.prototype;
WebGL2RenderingContext.prototype.linkProgram = function (program) {
  linked += 1;
  linkProgram.call(this, program);
};
window.linked = () => linked;

const canvas = document.createElement('canvas');
document.body.append(canvas);
const stage = new PictureStage(canvas, location.search === '?shows-page');
let shown: Size = SIZE;
stage.resize(shown.widthPx, shown.heightPx, 1);
let uploaded: ImageData | null = null;
/** A clock of 60 frames a second. */
let nowMs = 0;

const poseOf = ({ degrees, nearer = 0 }: Turn, wider = 1): Pose => {
  const angle = ((degrees + 32) * Math.PI) / 180;
  const distance = 5.9 * (1 - nearer);
  const half = Math.tan((FOV_DEG * Math.PI) / 360) * wider;
  const fovDeg = (Math.atan(half) * 360) / Math.PI;
  return lookAt([Math.sin(angle) * distance, 2.2, 0.4 + Math.cos(angle) * distance], [0, 0.6, 0.4], fovDeg);
};

window.upload = async (turn, options = {}) => {
  const { depth: hasDepth = true, wider = 1, size = SIZE, frame = 0, planes = false, alpha = 255 } = options;
  const pose = poseOf(turn, wider);
  const { image, pixels, depth, plane } = await pictureOf(pose, size, hasDepth, { frame, alpha });
  uploaded = image;
  stage.upload({
    pixels: planes ? greyPlanes(image) : pixels,
    depth: plane,
    header: { pose, depth },
    aspect: SIZE.widthPx / SIZE.heightPx,
  });
  pixels.close();
};

window.uploadSky = async (turn) => {
  const image = new ImageData(SIZE.widthPx, SIZE.heightPx);
  for (let i = 0; i < image.data.length; i += 1) {
    const isWhite = (i / 4) % SIZE.widthPx >= SIZE.widthPx / 2;
    image.data[i] = isWhite || i % 4 === 3 ? 255 : 0;
  }
  const half = depthSizeOf(SIZE);
  const { codes, range } = quantiseDepth(new Float32Array(half.widthPx * half.heightPx));
  const pixels = await createImageBitmap(image);
  stage.upload({
    pixels,
    depth: { data: codes, width: half.widthPx, height: half.heightPx },
    header: { pose: poseOf(turn), depth: { ...half, ...range } },
    aspect: SIZE.widthPx / SIZE.heightPx,
  });
  pixels.close();
};

window.whiteFromPx = () => {
  const { data } = read();
  const middle = (SIZE.heightPx >> 1) * SIZE.widthPx;
  for (let x = 0; x < SIZE.widthPx; x += 1) if ((data[(middle + x) * 4] ?? 0) > 128) return x;
  return SIZE.widthPx;
};

window.show = async (turn, truth, blends = false) => {
  nowMs += 1_000 / 60;
  stage.show(turn && poseOf(turn), nowMs, blends);
  const { rgb, reciprocals } = trace(poseOf(truth), SIZE, 0, 0);
  const seen = read();
  const isSky = (data: ArrayLike<number>, at: number) =>
    [0, 1, 2].every((c) => Math.abs((data[at + c] ?? 0) - SKY) < 4);
  const wrong = reciprocals.filter((one, i) => one > 0 && isSky(seen.data, i * 4) && !isSky(rgb, i * 3));
  return {
    error: dissimilarity(seen, imageOf(rgb, SIZE)),
    sky: wrong.length / reciprocals.length,
    png: canvas.toDataURL('image/png'),
  };
};

window.resize = (widthPx, heightPx) => {
  shown = { widthPx, heightPx };
  stage.resize(widthPx, heightPx, 1);
};

window.mostApart = () => {
  const { data } = read();
  return data.reduce((most, level, i) => Math.max(most, Math.abs(level - (uploaded?.data[i] ?? 0))), 0);
};

window.alphas = async () => {
  const blob = await stage.toBlob('image/png', undefined);
  return { shown: alphasOf(canvas), inPng: alphasOf(await createImageBitmap(blob)) };
};

window.loseContext = async () => {
  const extension = canvas.getContext('webgl2')?.getExtension('WEBGL_lose_context');
  const happened = (name: string) => new Promise((resolve) => canvas.addEventListener(name, resolve, { once: true }));
  const lost = happened('webglcontextlost');
  extension?.loseContext();
  await lost;
  // Not from within the event.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const restored = happened('webglcontextrestored');
  extension?.restoreContext();
  await restored;
};

function alphasOf(image: HTMLCanvasElement | ImageBitmap): [number, number] {
  const copy = new OffscreenCanvas(image.width, image.height).getContext('2d');
  if (!copy) throw new Error('no canvas');
  copy.drawImage(image, 0, 0);
  const alphas = copy.getImageData(0, 0, image.width, image.height).data.filter((_, i) => i % 4 === 3);
  return [alphas.reduce((a, b) => Math.min(a, b)), alphas.reduce((a, b) => Math.max(a, b))];
}

function greyPlanes({ data, width, height }: ImageData): YuvPicture {
  const luma = Uint8Array.from({ length: width * height }, (_, i) => data[i * 4 + 1] ?? 0);
  const grey = { data: new Uint8Array((width * height) / 4).fill(128), width: width / 2, height: height / 2 };
  return { width, height, planes: [{ data: luma, width, height }, grey, grey] };
}

/** The middle of the canvas, of the size of the truth. */
function read(): ImageData {
  const copy = new OffscreenCanvas(shown.widthPx, shown.heightPx).getContext('2d');
  if (!copy) throw new Error('no canvas');
  copy.drawImage(canvas, 0, 0);
  const [x, y] = [(shown.widthPx - SIZE.widthPx) / 2, (shown.heightPx - SIZE.heightPx) / 2];
  return copy.getImageData(x, y, SIZE.widthPx, SIZE.heightPx);
}
