/** How a remote view looks at one session with others: who is there, and where the camera goes. */
import type { Object3D, PerspectiveCamera } from 'three';
import type { LiveFeed } from '../live/live-feed.ts';
import { PoseFollower } from '../live/pose-follower.ts';
import type { Audience } from '../live/session-role.ts';
import { browserTimers } from '../live/timers.ts';
import { placeCamera } from './camera-pose.ts';

/** A camera that nobody has moved for so long begins anew. */
const LONGEST_FRAME_SEC = 0.1;

export abstract class SharedView {
  /** @internal */
  protected abstract readonly feed: Pick<LiveFeed, 'sessionId' | 'role' | 'camera'>;
  abstract readonly object: Object3D;
  /** @internal */
  protected readonly motion = matchMedia('(prefers-reduced-motion: reduce)');
  readonly #follower = new PoseFollower();
  #followedAtMs = 0;

  /** Of the session that is shown: others watch it by `session`. Null before the farm has welcomed the view. */
  get sessionId(): string | null {
    return this.feed.sessionId;
  }

  /** Who looks at the session, and who has its camera; null while nobody else was ever there. */
  get audience(): Audience | null {
    return this.feed.role.audience;
  }

  /** Whether the host's camera is the session's: others see what it sees. */
  get drives(): boolean {
    return this.feed.role.drives;
  }

  /** Gets the camera where it is free; otherwise whoever drives is asked for it. What is refused comes as an `error`. */
  requestCamera(): void {
    this.feed.camera('request');
  }

  /** Takes the camera where it is free, its driver has been silent, or the session is one's own. */
  takeCamera(): void {
    this.feed.camera('take');
  }

  /** @param viewer its `id` in `audience`. */
  giveCamera(viewer: number): void {
    this.feed.camera('give', viewer);
  }

  /** Whoever asked first has it then, or anybody may take it; one who only asked for it does not any more. */
  releaseCamera(): void {
    this.feed.camera('release');
  }

  /**
   * Puts a camera where that of whoever drives is, to see what they see: to be called for every frame, before `update` with
   * the same camera.
   *
   * @returns whether it did: not while this view drives, nor before it is known where.
   */
  followDriver(camera: PerspectiveCamera): boolean {
    const nowMs = browserTimers.nowMs();
    const deltaSec = Math.min(LONGEST_FRAME_SEC, (nowMs - this.#followedAtMs) / 1_000);
    this.#followedAtMs = nowMs;
    this.#follower.goal = this.feed.role.pose;
    const pose = this.#follower.advance(deltaSec, this.motion.matches);
    if (pose) placeCamera(camera, this.object, pose);
    return pose !== null;
  }
}
