/** The hand on the camera: camera-controls on a three camera that draws nothing here, only says where it stands. */
import type { ExplicitCamera, Pose, Vector3 as Triple } from '@kiln/shared';
import CameraControls from 'camera-controls';
import {
  Box3,
  Matrix4,
  PerspectiveCamera,
  Quaternion,
  Raycaster,
  Sphere,
  Spherical,
  Vector2,
  Vector3,
  Vector4,
} from 'three';
import { holdFinger } from './finger-hold.ts';
import { letterbox } from './letterbox.ts';

CameraControls.install({
  THREE: { Box3, Matrix4, Quaternion, Raycaster, Sphere, Spherical, Vector2, Vector3, Vector4 },
});

export interface Bounds {
  readonly min: Triple;
  readonly max: Triple;
}

export interface Gestures {
  readonly zooms: boolean;
  readonly pans: boolean;
  readonly scrolls: boolean;
}

/** Seconds for a move to settle; 0 where people asked for less motion. */
const SMOOTH_SEC = 0.18;
const DRAG_SMOOTH_SEC = 0.05;
const ARROW_RAD = Math.PI / 24;
const ZOOM_STEP = 1.2;
/** With these the controls look where their element is. */
const MEASURED_EVENTS = ['pointerdown', 'wheel'];

export class PoseSource {
  readonly #element: HTMLElement;
  readonly #camera = new PerspectiveCamera(45, 1, 0.01, 1_000);
  readonly #controls: CameraControls;
  readonly #letFingersGo: () => void;
  #bounds: Box3 | null = null;
  #gestures: Gestures = { zooms: true, pans: true, scrolls: false };
  #set = false;
  #still = false;

  /** @param onUserMove the person took the camera: it is no longer where it was put. */
  constructor(element: HTMLElement, onUserMove: () => void) {
    this.#element = element;
    // Before the controls listen.
    for (const type of MEASURED_EVENTS) element.addEventListener(type, this.#measure, { capture: true, passive: true });
    this.#controls = new CameraControls(this.#camera, element);
    this.#controls.dollyToCursor = true;
    this.#controls.smoothTime = SMOOTH_SEC;
    this.#controls.draggingSmoothTime = DRAG_SMOOTH_SEC;
    this.#controls.dollySpeed = 0.7;
    this.#controls.restThreshold = 0.001;
    const { ACTION } = CameraControls;
    // What a finger does that is held back moves nothing.
    this.#controls.addEventListener('control', () => {
      if (this.#controls.touches.one !== ACTION.NONE) onUserMove();
    });
    this.#letFingersGo = holdFinger(
      element,
      () => this.#gestures.scrolls,
      (isHeld) => {
        this.#controls.touches.one = isHeld ? ACTION.NONE : ACTION.TOUCH_ROTATE;
      },
    );
  }

  /** The hand moves what the picture shows, which is in the middle of the element. */
  readonly #measure = (): void => {
    const { width, height } = this.#element.getBoundingClientRect();
    const box = letterbox(width, height, this.#camera.aspect);
    this.#controls.setViewport(box.x, box.y, box.width, box.height);
  };

  /** Whether the camera has been put anywhere yet. */
  get set(): boolean {
    return this.#set;
  }

  /** Whether the hand moves the camera. */
  set enabled(enabled: boolean) {
    this.#controls.enabled = enabled;
    this.#leaveFingers();
  }

  get gestures(): Gestures {
    return this.#gestures;
  }

  /** What the hand may do; what it may not is left to the page: of a finger that goes up or down, too, while `scrolls`. */
  set gestures(gestures: Gestures) {
    const { zooms, pans } = gestures;
    const { ACTION } = CameraControls;
    const controls = this.#controls;
    // What comes nearer to where the hand is moves, too.
    controls.dollyToCursor = pans;
    controls.mouseButtons.wheel = zooms ? ACTION.DOLLY : ACTION.NONE;
    controls.mouseButtons.middle = zooms ? ACTION.DOLLY : ACTION.NONE;
    controls.mouseButtons.right = pans ? ACTION.TRUCK : ACTION.NONE;
    controls.touches.two =
      zooms && pans ? ACTION.TOUCH_DOLLY_TRUCK : zooms ? ACTION.TOUCH_DOLLY : pans ? ACTION.TOUCH_TRUCK : ACTION.NONE;
    controls.touches.three = pans ? ACTION.TOUCH_TRUCK : ACTION.NONE;
    this.#gestures = gestures;
    this.#leaveFingers();
  }

  /** The controls take all fingers whenever they are enabled. */
  #leaveFingers(): void {
    if (!this.#controls.enabled) this.#element.style.touchAction = '';
    else this.#element.style.touchAction = this.#gestures.scrolls ? 'pan-y' : 'none';
  }

  get reducedMotion(): boolean {
    return this.#still;
  }

  /** Moves are jumps instead of glides. */
  reduceMotion(still: boolean): void {
    this.#still = still;
    this.#controls.smoothTime = still ? 0 : SMOOTH_SEC;
    this.#controls.draggingSmoothTime = still ? 0 : DRAG_SMOOTH_SEC;
  }

  set aspect(aspect: number) {
    this.#camera.aspect = aspect;
    this.#camera.updateProjectionMatrix();
  }

  /** How large the scene is: limits the distance, so that nobody gets lost. */
  set bounds({ min, max }: Bounds) {
    this.#bounds = new Box3(new Vector3(...min), new Vector3(...max));
    const radius = Math.max(1e-6, this.#bounds.getBoundingSphere(new Sphere()).radius);
    this.#controls.minDistance = radius * 0.005;
    this.#controls.maxDistance = radius * 100;
    this.#controls.restThreshold = radius * 0.0005;
  }

  /** Stands where `camera` says; at once, unless it glides there. */
  lookFrom({ position, target, fovDeg }: ExplicitCamera, glides = false): void {
    this.#camera.fov = fovDeg;
    this.#camera.updateProjectionMatrix();
    void this.#controls.setLookAt(...position, ...target, glides && this.#set && !this.#still);
    if (!this.#set) this.#controls.update(0);
    this.#set = true;
  }

  /** Stands at `pose`, upright, and turns around what is as far ahead as before. */
  takeOver(pose: Pose): void {
    this.lookFrom(this.seenFrom(pose));
  }

  /** A pose as a camera that looks at what is as far ahead as what is turned around. */
  seenFrom({ position, quaternion, fovDeg }: Pose): ExplicitCamera {
    const ahead = new Vector3(0, 0, -1).applyQuaternion(new Quaternion(...quaternion));
    const [x, y, z] = new Vector3(...position).addScaledVector(ahead, this.#controls.distance).toArray();
    return { position, target: [x, y, z], fovDeg };
  }

  /** Keeps the direction and takes the distance from which all of the scene is seen. */
  fit(): void {
    if (!this.#bounds || this.#bounds.isEmpty()) return;
    void this.#controls.fitToSphere(this.#bounds.getBoundingSphere(new Sphere()), !this.#still);
  }

  /** Turns by steps of the keyboard: right and up are positive. */
  turn(right: number, up: number): void {
    void this.#controls.rotate(right * ARROW_RAD, -up * ARROW_RAD, !this.#still);
  }

  /** Shifts by steps of a tenth of the distance. */
  shift(right: number, up: number): void {
    const step = this.#controls.distance / 10;
    void this.#controls.truck(right * step, -up * step, !this.#still);
  }

  /** Comes nearer for positive steps. */
  zoom(steps: number): void {
    void this.#controls.dollyTo(this.#controls.distance / ZOOM_STEP ** steps, !this.#still);
  }

  /** Moves the camera on by `deltaSec`, and says where it is. */
  advance(deltaSec: number): Pose {
    this.#controls.update(deltaSec);
    const { position, quaternion, fov } = this.#camera;
    return {
      position: [position.x, position.y, position.z],
      quaternion: [quaternion.x, quaternion.y, quaternion.z, quaternion.w],
      fovDeg: fov,
    };
  }

  /** Metres to what it turns around. */
  get targetDistanceM(): number {
    return this.#controls.getTarget(new Vector3(), false).distanceTo(this.#camera.position);
  }

  /** A finger or button is down on the view. */
  get held(): boolean {
    return this.#controls.currentAction !== 0;
  }

  /** Where the camera is going; as a job takes it. */
  get camera(): ExplicitCamera {
    const position = this.#controls.getPosition(new Vector3(), true);
    const target = this.#controls.getTarget(new Vector3(), true);
    return {
      position: [position.x, position.y, position.z],
      target: [target.x, target.y, target.z],
      fovDeg: this.#camera.fov,
    };
  }

  dispose(): void {
    for (const type of MEASURED_EVENTS) this.#element.removeEventListener(type, this.#measure, { capture: true });
    this.#letFingersGo();
    this.#controls.dispose();
  }
}
