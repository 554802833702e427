/** What a path is played on. */
interface PlayedOn {
  adopt(view: LiveView): void;
  showFrame(frameNumber: number): void;
}

/** One view's recorder and player: at most one of each runs. */
import { type LiveView, type PosePath, SessionRecorder, type TimedCamera } from '@kiln/shared';
import { PathPlayer, type PlayedMoment } from './path-player.ts';
import type { Timers } from './timers.ts';

export class SessionTape {
  readonly #timers: Timers;
  #recorder: SessionRecorder | null = null;
  #player: PathPlayer | null = null;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get isRecording(): boolean {
    return this.#recorder !== null;
  }

  get isPlaying(): boolean {
    return this.#player !== null;
  }

  record(): void {
    this.#recorder = new SessionRecorder(this.#timers.nowMs());
  }

  /** What was recorded; null: nothing. */
  stopRecording(): PosePath | null {
    const path = this.#recorder?.path() ?? null;
    this.#recorder = null;
    return path;
  }

  play(path: PosePath): void {
    this.#player = new PathPlayer(path);
  }

  stopPlaying(): void {
    this.#player = null;
  }

  /** To be called on every display frame. Null: nothing plays. */
  moment(): PlayedMoment | null {
    const moment = this.#player?.at(this.#timers.nowMs()) ?? null;
    if (moment?.isOver) this.#player = null;
    return moment;
  }

  /** To be called on every display frame. @returns whether the path is over with it. */
  follow(on: PlayedOn, lookFrom: (camera: TimedCamera) => void): boolean {
    const moment = this.moment();
    if (!moment) return false;
    if (moment.view) on.adopt(moment.view);
    if (moment.frameNumber !== null) on.showFrame(moment.frameNumber);
    // At last: whoever hears of a frame may put the camera elsewhere.
    lookFrom(moment.camera);
    return moment.isOver;
  }

  /** To be called on every display frame, with what is seen. @returns whether no more is kept. */
  take(camera: Omit<TimedCamera, 'atMs'>, view: LiveView): boolean {
    this.#recorder?.take(this.#timers.nowMs(), camera, view);
    return this.#recorder?.isFull ?? false;
  }
}
