/** A few spheres on a floor, traced in plain JavaScript, so that turning shows. */
import { depthSizeOf, type Pose, type Size } from '@kiln/shared';

type Triple = readonly [number, number, number];

interface Sphere {
  readonly centre: Triple;
  readonly radius: number;
  readonly colour: Triple;
  /** As the scene's report has it. */
  readonly name: string;
}

const add = (a: Triple, b: Triple, k = 1): Triple => [a[0] + b[0] * k, a[1] + b[1] * k, a[2] + b[2] * k];
const dot = (a: Triple, b: Triple) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const normalize = (a: Triple): Triple => {
  const length = Math.sqrt(dot(a, a)) || 1;
  return [a[0] / length, a[1] / length, a[2] / length];
};

const LIGHT = normalize([0.5, 0.9, 0.4]);
const GREY: Triple = [0.22, 0.22, 0.22];

const spheresAt = (frameNumber: number): readonly Sphere[] => {
  const lift = (phase: number) => Math.abs(Math.sin(frameNumber / 8 + phase)) * 0.5;
  return [
    { centre: [0, 1 + (frameNumber === 0 ? 0 : lift(0)), 0], radius: 1, colour: [0.9, 0.38, 0.14], name: 'Ball' },
    {
      centre: [1.7, 0.6 + (frameNumber === 0 ? 0 : lift(1)), 0.7],
      radius: 0.6,
      colour: [0.15, 0.42, 0.75],
      name: 'Ball-2',
    },
    { centre: [-1.5, 0.5, 0.9], radius: 0.5, colour: [0.82, 0.72, 0.35], name: 'Lamp' },
    { centre: [-0.7, 0.35, 1.9], radius: 0.35, colour: [0.3, 0.6, 0.36], name: 'Lamp' },
    { centre: [0.9, 0.3, 1.8], radius: 0.3, colour: [0.75, 0.75, 0.75], name: 'Lamp' },
  ];
};

function rotate([x, y, z, w]: readonly [number, number, number, number], v: Triple): Triple {
  const tx = 2 * (y * v[2] - z * v[1]);
  const ty = 2 * (z * v[0] - x * v[2]);
  const tz = 2 * (x * v[1] - y * v[0]);
  return [v[0] + w * tx + y * tz - z * ty, v[1] + w * ty + z * tx - x * tz, v[2] + w * tz + x * ty - y * tx];
}

interface Hit {
  readonly distance: number;
  readonly point: Triple;
  readonly normal: Triple;
  readonly colour: Triple;
  readonly name: string;
}

function nearest(origin: Triple, direction: Triple, spheres: readonly Sphere[]): Hit | null {
  let best: Hit | null = null;
  for (const { centre, radius, colour, name } of spheres) {
    const offset = add(origin, centre, -1);
    const b = dot(offset, direction);
    const discriminant = b * b - dot(offset, offset) + radius * radius;
    if (discriminant < 0) continue;
    const distance = -b - Math.sqrt(discriminant);
    if (distance < 1e-3 || (best && distance >= best.distance)) continue;
    const point = add(origin, direction, distance);
    best = { distance, point, normal: normalize(add(point, centre, -1)), colour, name };
  }
  if (direction[1] < -1e-4) {
    const distance = -origin[1] / direction[1];
    const point = add(origin, direction, distance);
    const reach = Math.hypot(point[0], point[2]);
    if (distance > 1e-3 && reach < 4 && (!best || distance < best.distance)) {
      const dark = (Math.floor(point[0]) + Math.floor(point[2])) % 2 === 0;
      const colour: Triple = dark ? [0.5, 0.5, 0.5] : [0.62, 0.62, 0.62];
      best = { distance, point, normal: [0, 1, 0], colour, name: 'Floor' };
    }
  }
  return best;
}

function shade(hit: Hit, direction: Triple, spheres: readonly Sphere[], exposure: number): Triple {
  const lit = nearest(add(hit.point, hit.normal, 2e-3), LIGHT, spheres) ? 0.1 : Math.max(0, dot(hit.normal, LIGHT));
  const sky = 0.35 + 0.25 * hit.normal[1];
  const half = normalize(add(LIGHT, direction, -1));
  const shine = lit > 0.1 ? Math.max(0, dot(hit.normal, half)) ** 60 * 0.5 : 0;
  const level = (value: number) => (value * (lit * 0.9 + sky) + shine) * exposure;
  return [level(hit.colour[0]), level(hit.colour[1]), level(hit.colour[2])];
}

/** Where the camera sees a place of its picture, before it is turned. */
function aheadAt(x: number, y: number, tangent: number, aspect: number): Triple {
  return normalize([(x - 0.5) * 2 * tangent * aspect, (0.5 - y) * 2 * tangent, -1]);
}

/** What stands at a place of a picture, 0 to 1 from the left and from above. */
export function seenAt(
  pose: Pose,
  aspect: number,
  x: number,
  y: number,
  frameNumber: number,
): Omit<Hit, 'colour'> | null {
  const ahead = aheadAt(x, y, Math.tan((pose.fovDeg * Math.PI) / 360), aspect);
  return nearest(pose.position, rotate(pose.quaternion, ahead), spheresAt(frameNumber));
}

/** Bytes of red, green and blue, and reciprocal distances along the line of sight (0: nothing), the upper row first. */
export interface Traced {
  readonly rgb: Uint8Array;
  readonly reciprocals: Float32Array;
}

export function trace(pose: Pose, { widthPx, heightPx }: Size, frameNumber: number, exposureEv: number): Traced {
  const spheres = spheresAt(frameNumber);
  const rgb = new Uint8Array(widthPx * heightPx * 3);
  const reciprocals = new Float32Array(widthPx * heightPx);
  const tangent = Math.tan((pose.fovDeg * Math.PI) / 360);
  const exposure = 2 ** exposureEv;
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const ahead = aheadAt((x + 0.5) / widthPx, (y + 0.5) / heightPx, tangent, widthPx / heightPx);
      const direction = rotate(pose.quaternion, ahead);
      const hit = nearest(pose.position, direction, spheres);
      const colour = hit ? shade(hit, direction, spheres, exposure) : GREY;
      const at = y * widthPx + x;
      if (hit) reciprocals[at] = 1 / (-ahead[2] * hit.distance);
      for (let c = 0; c < 3; c++) rgb[at * 3 + c] = 255 * Math.min(1, colour[c] ?? 0) ** (1 / 2.2);
    }
  }
  return { rgb, reciprocals };
}

/** The nearest of each 2 × 2 pixels, as a worker sends it. */
export function halved(reciprocals: Float32Array, { widthPx, heightPx }: Size): Float32Array {
  const half = depthSizeOf({ widthPx, heightPx });
  return Float32Array.from({ length: half.widthPx * half.heightPx }, (_, i) => {
    const [x, y] = [(i % half.widthPx) * 2, Math.floor(i / half.widthPx) * 2];
    const of = (column: number, row: number) =>
      reciprocals[Math.min(row, heightPx - 1) * widthPx + Math.min(column, widthPx - 1)] ?? 0;
    return Math.max(of(x, y), of(x + 1, y), of(x, y + 1), of(x + 1, y + 1));
  });
}

/** The pose of a camera that stands at `position` and looks at `target`, its head up. */
export function lookAt(position: Triple, target: Triple, fovDeg: number): Pose {
  const back = normalize(add(position, target, -1));
  const yaw = Math.atan2(back[0], back[2]);
  const pitch = -Math.asin(back[1]);
  const [sy, cy, sx, cx] = [Math.sin(yaw / 2), Math.cos(yaw / 2), Math.sin(pitch / 2), Math.cos(pitch / 2)];
  return { position: [...position], quaternion: [sx * cy, sy * cx, -sy * sx, cy * cx], fovDeg };
}
