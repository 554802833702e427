/** Runs in the browser: a traced scene as the remote one, and balls of the page before, behind and in its own. */
import type { Pose, Size } from '@kiln/shared';
import {
  Color,
  Euler,
  Matrix4,
  Mesh,
  MeshBasicMaterial,
  Object3D,
  PerspectiveCamera,
  Quaternion,
  Scene,
  SphereGeometry,
  Vector3,
  WebGLRenderer,
  WebGPUCoordinateSystem,
} from 'three';
import type { YuvPicture } from '../../src/live/yuv-picture.ts';
import { cameraView } from '../../src/sdk/camera-pose.ts';
import { createCover } from '../../src/sdk/cover.ts';
import { RemoteScreen, type ScreenRenderer } from '../../src/sdk/remote-screen.ts';
import { screenFor } from '../../src/sdk/screen-for.ts';
import { lookAt, trace } from '../fake-farm/traced-scene.ts';
import { dissimilarity } from '../live/dissimilarity.ts';
import { imageOf, pictureOf } from '../live/staged-picture.ts';

export interface Drawn {
  /** Pixels of the balls that are seen, and should be, ÷ those that are or should be. */
  readonly overlap: number;
  /** 1 − SSIM from the truth. */
  readonly error: number;
  readonly png: string;
}

export interface Host {
  readonly kind: 'webgl' | 'webgpu';
  readonly options?: Readonly<Record<string, boolean>>;
  /** Where the remote scene stands in the host's. */
  readonly isElsewhere?: boolean;
}

/** How a picture's colours come; `hollow`: the host's background is seen where nothing stands. */
export type Form = 'rgb' | 'yuv' | 'hollow';

declare global {
  interface Window {
    /** @returns what really draws. */
    start?: (host: Host) => Promise<string>;
    /** Gives the screen a picture from so many degrees around the scene, as wide a view as the camera's times `wider`. */
    give?: (form: Form, degrees: number, wider: number) => Promise<void>;
    /** What is seen from there, and what another camera of the host sees: whether it shows the remote scene. */
    draw?: (degrees: number) => Promise<Drawn>;
    otherSees?: () => Promise<boolean>;
  }
}

const FOV_DEG = 38;
const SIZE: Size = { widthPx: 320, heightPx: 180 };
const ASPECT = SIZE.widthPx / SIZE.heightPx;
/** Behind the blue ball of the scene, before its largest, and half in its floor. */
const BALLS = [
  { centre: [1.5, 1.15, -0.2], radius: 0.45 },
  { centre: [0.8, 1.1, 1.4], radius: 0.3 },
  { centre: [0.1, 0, 2.7], radius: 0.35 },
] as const;
const MAGENTA = [255, 0, 255] as const;

interface HostRenderer {
  render(scene: Scene, camera: PerspectiveCamera): void;
  setSize(widthPx: number, heightPx: number): void;
}

let form: Form = 'rgb';
let renderer: HostRenderer;
let canvas: HTMLCanvasElement;
let backEnd: ScreenRenderer;
let screen: RemoteScreen;
const scene = new Scene();
/** Of the remote world. */
const place = new Object3D();
const camera = new PerspectiveCamera(FOV_DEG, ASPECT, 0.1, 60);
const other = new PerspectiveCamera(FOV_DEG, ASPECT, 0.1, 60);

window.start = async ({ kind, options = {}, isElsewhere = false }) => {
  let draws: string;
  if (kind === 'webgl') {
    const made = new WebGLRenderer(options);
    [renderer, canvas, backEnd] = [made, made.domElement, await screenFor(made)];
    const { reversedDepthBuffer, logarithmicDepthBuffer } = made.capabilities;
    draws = nameOf('WebGL', { reversedDepthBuffer, logarithmicDepthBuffer });
  } else {
    const { WebGPURenderer } = await import('three/webgpu');
    const made = new WebGPURenderer(options);
    await made.init();
    [renderer, canvas, backEnd] = [made, made.domElement, await screenFor(made)];
    draws = nameOf(made.coordinateSystem === WebGPUCoordinateSystem ? 'nodes, WebGPU' : 'nodes, WebGL', made);
  }
  document.body.append(canvas);
  renderer.setSize(SIZE.widthPx, SIZE.heightPx);
  screen = new RemoteScreen(backEnd);
  const cover = createCover(backEnd, (seen) => seen === camera);
  cover.visible = true;
  place.add(cover);
  if (isElsewhere) {
    place.position.set(30, -4, 7);
    place.setRotationFromEuler(new Euler(0.2, 1.1, -0.3));
    place.scale.setScalar(2.5);
  }
  for (const { centre, radius } of BALLS) {
    const ball = new Mesh(new SphereGeometry(radius, 96, 48), new MeshBasicMaterial({ color: '#ff00ff' }));
    ball.position.fromArray(centre);
    place.add(ball);
  }
  scene.add(place);
  scene.background = new Color('#000000');
  return draws;
};

const nameOf = (
  name: string,
  { reversedDepthBuffer, logarithmicDepthBuffer }: Record<'reversedDepthBuffer' | 'logarithmicDepthBuffer', boolean>,
) => `${name}${reversedDepthBuffer ? ', reversed' : ''}${logarithmicDepthBuffer ? ', logarithmic' : ''}`;

const poseOf = (degrees: number, wider = 1): Pose => {
  const angle = ((degrees + 32) * Math.PI) / 180;
  const half = Math.tan((FOV_DEG * Math.PI) / 360) * wider;
  const fovDeg = (Math.atan(half) * 360) / Math.PI;
  return lookAt([Math.sin(angle) * 5.9, 2.2, 0.4 + Math.cos(angle) * 5.9], [0, 0.6, 0.4], fovDeg);
};

window.give = async (given, degrees, wider) => {
  form = given;
  const pose = poseOf(degrees, wider);
  const { image, depth, plane } = await pictureOf(pose, SIZE, true);
  if (form === 'hollow') empty(image, trace(pose, SIZE, 0, 0).reciprocals, 0);
  const pixels =
    form === 'yuv'
      ? yuvOf(image)
      : await createImageBitmap(image, { premultiplyAlpha: 'none', colorSpaceConversion: 'none' });
  screen.upload({ pixels, depth: plane, header: { pose, depth }, aspect: ASPECT });
  if ('close' in pixels) pixels.close();
};

/** Black with an alpha where nothing stands. */
function empty({ data }: ImageData, reciprocals: Float32Array, alpha: number): void {
  for (const [i, reciprocal] of reciprocals.entries()) if (reciprocal === 0) data.set([0, 0, 0, alpha], i * 4);
}

/** ITU-R BT.601 over the full range, a sample of each for every pixel. */
function yuvOf({ data, width, height }: ImageData): YuvPicture {
  const planeOf = (red: number, green: number, blue: number, middle: number) => ({
    width,
    height,
    data: Uint8Array.from({ length: width * height }, (_, i) => {
      const [r = 0, g = 0, b = 0] = data.subarray(i * 4, i * 4 + 3);
      return Math.round(Math.min(255, Math.max(0, red * r + green * g + blue * b + middle)));
    }),
  });
  return {
    width,
    height,
    planes: [
      planeOf(0.299, 0.587, 0.114, 0),
      planeOf(-0.168736, -0.331264, 0.5, 128),
      planeOf(0.5, -0.418688, -0.081312, 128),
    ],
  };
}

function standAt({ position, quaternion }: Pose): void {
  place.updateWorldMatrix(true, false);
  const local = new Matrix4().compose(new Vector3(...position), new Quaternion(...quaternion), new Vector3(1, 1, 1));
  local.premultiply(place.matrixWorld).decompose(camera.position, camera.quaternion, new Vector3());
}

let nowMs = 0;

function render(from: PerspectiveCamera): ImageData {
  const view = cameraView(camera, place);
  nowMs += 100;
  screen.show({ ...view, ...SIZE }, view.scale, nowMs, false);
  renderer.render(scene, from);
  const copy = new OffscreenCanvas(SIZE.widthPx, SIZE.heightPx).getContext('2d');
  if (!copy) throw new Error('no canvas');
  copy.drawImage(canvas, 0, 0);
  return copy.getImageData(0, 0, SIZE.widthPx, SIZE.heightPx);
}

window.draw = async (degrees) => {
  const pose = poseOf(degrees);
  standAt(pose);
  const seen = render(camera);
  const { truth, isBall } = truthFrom(pose);
  let [both, either] = [0, 0];
  for (const [i, should] of isBall.entries()) {
    const [red = 0, green = 0, blue = 0] = seen.data.subarray(i * 4, i * 4 + 3);
    const does = red > 200 && green < 80 && blue > 200;
    if (should || does) either += 1;
    if (should && does) both += 1;
  }
  return { overlap: both / either, error: dissimilarity(seen, truth), png: canvas.toDataURL('image/png') };
};

window.otherSees = async () => {
  standAt(poseOf(0));
  // Straight up, where nothing of the host is.
  other.position.set(0, 1_000, 0);
  other.lookAt(0, 2_000, 1);
  return render(other).data.some((level, i) => i % 4 !== 3 && level > 0);
};

/** What is seen of both, ray by ray. */
function truthFrom(pose: Pose): { truth: ImageData; isBall: boolean[] } {
  const { rgb, reciprocals } = trace(pose, SIZE, 0, 0);
  const truth = imageOf(rgb, SIZE);
  if (form === 'hollow') empty(truth, reciprocals, 255);
  const tangent = Math.tan((pose.fovDeg * Math.PI) / 360);
  const eye = new Vector3(...pose.position);
  const isBall = Array.from(reciprocals, (reciprocal, i) => {
    const [x, y] = [i % SIZE.widthPx, Math.floor(i / SIZE.widthPx)];
    const ahead = new Vector3(
      (((x + 0.5) / SIZE.widthPx) * 2 - 1) * tangent * ASPECT,
      (1 - ((y + 0.5) / SIZE.heightPx) * 2) * tangent,
      -1,
    ).applyQuaternion(new Quaternion(...pose.quaternion));
    return BALLS.some(({ centre, radius }) => {
      const offset = eye.clone().sub(new Vector3(...centre));
      const [a, b] = [ahead.lengthSq(), offset.dot(ahead)];
      const discriminant = b * b - a * (offset.lengthSq() - radius * radius);
      return discriminant > 0 && a / (-b - Math.sqrt(discriminant)) > reciprocal;
    });
  });
  for (const [i, is] of isBall.entries()) if (is) truth.data.set(MAGENTA, i * 4);
  return { truth, isBall };
}
