/** Runs in the browser: a hand on the camera of a picture that is smaller than its stage. */
import { PerspectiveCamera, Vector3 } from 'three';
import { letterbox } from '../../src/live/letterbox.ts';
import { PoseSource } from '../../src/live/pose-source.ts';

export interface Held {
  readonly x: number;
  readonly y: number;
  readonly distance: number;
  /** How often the hand has moved the camera since the stage was set. */
  readonly moves: number;
}

declare global {
  interface Window {
    /** A stage of that size, with a picture of that width ÷ height, whose camera looks at the origin. */
    stage?: (widthPx: number, heightPx: number, aspect: number) => void;
    /** Keeps what is seen at a point of the page, as far away as the origin. */
    hold?: (clientX: number, clientY: number) => void;
    /** Where on the page that is seen by now, and how far away the plane is that it stands on. */
    held?: () => Held;
  }
}

const FOV_DEG = 40;
const canvas = document.createElement('canvas');
document.body.style.margin = '20px';
document.body.append(canvas);
let source: PoseSource | null = null;
let aspect = 1;
let moves = 0;
const point = new Vector3();

function cameraNow(): PerspectiveCamera {
  if (!source) throw new Error('no stage');
  // Without gliding all that was asked for is there at once.
  for (let n = 0; n < 3; n += 1) source.advance(1 / 60);
  const { position, quaternion } = source.advance(1 / 60);
  const camera = new PerspectiveCamera(FOV_DEG, aspect, 0.01, 100);
  camera.position.set(...position);
  camera.quaternion.set(...quaternion);
  camera.updateMatrixWorld();
  return camera;
}

function boxNow() {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const box = letterbox(width, height, aspect);
  return { ...box, left: left + box.x, top: top + box.y };
}

window.stage = (widthPx, heightPx, pictureAspect) => {
  source?.dispose();
  Object.assign(canvas.style, { display: 'block', width: `${widthPx}px`, height: `${heightPx}px` });
  aspect = pictureAspect;
  moves = 0;
  source = new PoseSource(canvas, () => {
    moves += 1;
  });
  source.aspect = aspect;
  source.reduceMotion(true);
  source.lookFrom({ position: [0, 0, 5], target: [0, 0, 0], fovDeg: FOV_DEG });
};

window.hold = (clientX, clientY) => {
  const camera = cameraNow();
  const box = boxNow();
  const [x, y] = [((clientX - box.left) / box.width) * 2 - 1, 1 - ((clientY - box.top) / box.height) * 2];
  point.set(x, y, 0.5).unproject(camera).sub(camera.position);
  point.multiplyScalar(-camera.position.z / point.z).add(camera.position);
};

window.held = () => {
  const camera = cameraNow();
  const seen = point.clone().project(camera);
  const box = boxNow();
  return {
    x: box.left + ((seen.x + 1) / 2) * box.width,
    y: box.top + ((1 - seen.y) / 2) * box.height,
    distance: camera.position.z,
    moves,
  };
};
