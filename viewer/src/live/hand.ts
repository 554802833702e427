/** The hand at a view: whether it moves the camera, and what becomes of a camera of the scene when it does. */
import type { LiveFeed } from './live-feed.ts';
import type { LiveSurface } from './live-surface.ts';
import type { Gestures, PoseSource } from './pose-source.ts';
import { withoutCamera } from './session-role.ts';

export class Hand {
  readonly #feed: LiveFeed;
  readonly #source: PoseSource;
  readonly #surface: LiveSurface;
  #isOn = true;

  constructor(feed: LiveFeed, source: PoseSource, surface: LiveSurface) {
    this.#feed = feed;
    this.#source = source;
    this.#surface = surface;
    feed.on('access', () => this.#tell());
    this.#tell();
  }

  /** [LV29, LV33] Whether it moves the camera now. */
  get moves(): boolean {
    return this.#isOn && this.#feed.mayDrive;
  }

  /** Whether it is to, where it may. */
  set isOn(isOn: boolean) {
    this.#isOn = isOn;
    this.#tell();
  }

  set gestures(gestures: Gestures) {
    this.#source.gestures = gestures;
    this.#tell();
  }

  /** [LV26] It begins where the scene's camera stands in the picture. */
  takeOverCamera(): void {
    const { look, drawnPose } = this.#feed;
    if (look.camera !== undefined && drawnPose) this.#source.takeOver(drawnPose);
  }

  /** [LV26] With the first movement the camera is the hand's. */
  leaveNamedCamera(): void {
    const { look, mayDrive } = this.#feed;
    if (look.camera !== undefined && mayDrive) this.#feed.look = withoutCamera(look);
  }

  /** Of keys that do nothing, nobody hears. */
  #tell(): void {
    this.#source.enabled = this.moves;
    this.#surface.explainKeys(this.moves ? this.#source.gestures : null);
  }
}
