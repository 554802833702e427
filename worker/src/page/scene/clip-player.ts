import { KilnError, type SceneClip } from '@kiln/shared';
import { type AnimationAction, type AnimationClip, AnimationMixer, type Object3D } from 'three';

/** Poses a scene by its clips. The pose depends on clip and time alone, not on what was posed before. */
export class ClipPlayer {
  readonly names: readonly string[];
  readonly #mixer: AnimationMixer;
  readonly #clips: readonly AnimationClip[];
  #playing: { readonly clip: number; readonly action: AnimationAction } | null = null;

  constructor(root: Object3D, clips: readonly AnimationClip[], names: readonly string[]) {
    this.#mixer = new AnimationMixer(root);
    this.#clips = clips;
    this.names = names;
  }

  /** Clips as the scene's report lists them. */
  get list(): SceneClip[] {
    return this.#clips.map(({ duration }, index) => ({ name: this.names[index] ?? '', durationSec: duration }));
  }

  /**
   * The index of the clip called `name`; null means the first clip.
   *
   * @returns null where there is no clip at all and none was asked for.
   * @throws KilnError `job.unknown_clip` naming the scene's clips.
   */
  choose(name: string | null): number | null {
    if (name === null) return this.#clips.length > 0 ? 0 : null;
    const index = this.names.indexOf(name);
    if (index >= 0) return index;
    const known = this.names.map((other) => `"${other}"`).join(', ') || 'none';
    throw new KilnError('job.unknown_clip', `The scene has no clip "${name}"; its clips: ${known}.`);
  }

  /** @param timeSec may be negative or past the end: clips repeat. */
  pose(clip: number | null, timeSec: number): void {
    if (this.#playing?.clip !== clip) {
      // Ending all actions gives every property the value that it has in the file.
      this.#mixer.stopAllAction();
      this.#playing = null;
      const next = clip === null ? undefined : this.#clips[clip];
      if (clip === null || !next) return;
      this.#playing = { clip, action: this.#mixer.clipAction(next).reset().play() };
    }
    if (!this.#playing) return;
    const { action } = this.#playing;
    const { duration } = action.getClip();
    action.time = duration > 0 ? ((timeSec % duration) + duration) % duration : 0;
    this.#mixer.update(0);
  }

  dispose(): void {
    this.#mixer.stopAllAction();
    this.#mixer.uncacheRoot(this.#mixer.getRoot());
  }
}
