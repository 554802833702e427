import { type ClipSettings, KilnError, type SceneClip } from '@kiln/shared';
import { type AnimationAction, type AnimationClip, AnimationMixer, type Object3D } from 'three';
import type { PointerTrack } from './pointer-tracks.ts';

/** The part of a clip that is played, seconds of the clip. */
interface PlayedClip {
  readonly clip: number;
  readonly startSec: number;
  readonly endSec: number;
}

/** Clips that are played together, and how. */
export interface ClipPlay {
  /** The same for the same play. */
  readonly key: string;
  readonly clips: readonly PlayedClip[];
  readonly loop: ClipSettings['clipLoop'];
}

/** Poses a scene by its clips. The pose depends on clips and time alone, not on what was posed before. */
export class ClipPlayer {
  readonly names: readonly string[];
  readonly #mixer: AnimationMixer;
  readonly #clips: readonly AnimationClip[];
  readonly #tracks: readonly (readonly PointerTrack[])[];
  #playing: { readonly play: ClipPlay; readonly actions: readonly AnimationAction[] } | null = null;

  /** @param tracks of each clip, what the mixer does not know of. */
  constructor(
    root: Object3D,
    clips: readonly AnimationClip[],
    names: readonly string[],
    tracks: readonly (readonly PointerTrack[])[] = [],
  ) {
    this.#mixer = new AnimationMixer(root);
    this.#clips = clips;
    this.#tracks = tracks;
    this.names = names;
    for (const [index, clip] of clips.entries()) {
      clip.duration = Math.max(clip.duration, ...(tracks[index] ?? []).map(({ durationSec }) => durationSec));
    }
  }

  /** Clips as the scene's report lists them. */
  get list(): SceneClip[] {
    return this.#clips.map(({ duration }, index) => ({ name: this.names[index] ?? '', durationSec: duration }));
  }

  /**
   * The clips of these names; null means the first clip.
   *
   * @returns null where there is no clip at all and none was asked for.
   * @throws KilnError `job.unknown_clip` naming the scene's clips.
   */
  choose(name: string | null, settings: Partial<ClipSettings> = {}): ClipPlay | null {
    const { moreClips = [], clipStartSec = 0, clipEndSec = null, clipLoop: loop = 'repeat' } = settings;
    const first = name === null ? (this.#clips.length > 0 ? [0] : []) : [this.#indexOf(name)];
    const chosen = [...new Set([...first, ...moreClips.map((more) => this.#indexOf(more))])];
    if (chosen.length === 0) return null;
    const clips = chosen.map((clip) => {
      const durationSec = this.#clips[clip]?.duration ?? 0;
      const startSec = Math.min(clipStartSec, durationSec);
      return { clip, startSec, endSec: Math.max(startSec, Math.min(clipEndSec ?? durationSec, durationSec)) };
    });
    return { key: JSON.stringify([clips, loop]), clips, loop };
  }

  #indexOf(name: string): number {
    const index = this.names.indexOf(name);
    if (index >= 0) return index;
    const known = this.names.map((other) => `"${other}"`).join(', ') || 'none';
    throw new KilnError('job.unknown_clip', `The scene has no clip "${name}"; its clips: ${known}.`);
  }

  /** Whether materials look different from one time to the next. */
  changesLooks(play: ClipPlay | null): boolean {
    return this.#tracksOf(play).some(({ track }) => track.isLook);
  }

  /** When a clip shows a node or hides it, seconds. */
  togglesSec(name: string): number[] {
    return [...new Set((this.#tracks[this.#indexOf(name)] ?? []).flatMap(({ togglesSec }) => togglesSec))];
  }

  /** @param timeSec since the start that the play has; may be negative or past the end. */
  pose(play: ClipPlay | null, timeSec: number): void {
    if (this.#playing?.play.key !== play?.key) {
      this.rest();
      if (!play) return;
      const actions = play.clips.flatMap(({ clip }) => {
        const next = this.#clips[clip];
        return next ? [this.#mixer.clipAction(next).reset().play()] : [];
      });
      for (const { track } of this.#tracksOf(play)) track.begin();
      this.#playing = { play, actions };
    }
    if (!play || !this.#playing) return;
    for (const [index, action] of this.#playing.actions.entries()) {
      const part = play.clips[index];
      if (part) action.time = clipTime(part, play.loop, timeSec);
    }
    this.#mixer.update(0);
    for (const { track, part } of this.#tracksOf(play)) track.pose(clipTime(part, play.loop, timeSec));
  }

  /** Gives every property the value that it has without clips. */
  rest(): void {
    this.#mixer.stopAllAction();
    for (const { track } of this.#tracksOf(this.#playing?.play ?? null).toReversed()) track.end();
    this.#playing = null;
  }

  #tracksOf(play: ClipPlay | null): { track: PointerTrack; part: PlayedClip }[] {
    return (play?.clips ?? []).flatMap((part) => (this.#tracks[part.clip] ?? []).map((track) => ({ track, part })));
  }

  dispose(): void {
    this.rest();
    this.#mixer.uncacheRoot(this.#mixer.getRoot());
  }
}

/** Time of a clip, seconds, so long after the start of its play. */
export function clipTime({ startSec, endSec }: PlayedClip, loop: ClipSettings['clipLoop'], timeSec: number): number {
  const span = endSec - startSec;
  if (span <= 0) return startSec;
  if (loop === 'once') return startSec + Math.min(span, Math.max(0, timeSec));
  const round = loop === 'repeat' ? span : 2 * span;
  const at = ((timeSec % round) + round) % round;
  return startSec + (at <= span ? at : round - at);
}
