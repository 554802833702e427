/** Keeps a session that a program drives, as the web app keeps one that a hand does. */
import { writeFile } from 'node:fs/promises';
import { camerasOf, KilnError, type LiveView, type PathPose, SessionRecorder } from '@kiln/shared';

/** As often as most displays take a picture: between two moments a camera is taken to go straight. */
const EVERY_MS = 1_000 / 60;

export class LiveRecording {
  readonly #path: string;
  readonly #onFull: (message: string) => void;
  #recorder: SessionRecorder | null = null;
  #timer: NodeJS.Timeout | null = null;
  #pose: PathPose | null = null;
  #view: LiveView | null = null;

  /**
   * @param path of the file.
   * @param onFull is told once, when no more is kept: what is shown goes on.
   */
  constructor(path: string, onFull: (message: string) => void) {
    this.#path = path;
    this.#onFull = onFull;
  }

  /** Where the camera is from now on, and what is shown. */
  shows(pose: PathPose | null, view: LiveView): void {
    this.#pose = pose;
    this.#view = view;
    this.#recorder ??= new SessionRecorder(performance.now());
    this.#timer ??= setInterval(() => this.#take(), EVERY_MS);
    this.#take();
  }

  /**
   * Writes what was kept, if anything. To be called once.
   *
   * @throws KilnError `request.invalid` where the file cannot be written.
   */
  async end(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    this.#take();
    const path = this.#recorder?.path();
    if (!path) return;
    await writeFile(this.#path, `${JSON.stringify(path)}\n`).catch((cause: unknown) => {
      throw new KilnError('request.invalid', `${this.#path}: the file cannot be written.`, {
        field: '--record',
        cause,
      });
    });
  }

  #take(): void {
    const [camera] = this.#pose ? camerasOf({ poses: [this.#pose] }) : [];
    if (!camera || !this.#view) return;
    const { position, target, fovDeg } = camera;
    const recorder = this.#recorder;
    if (!recorder || recorder.isFull) return;
    recorder.take(performance.now(), { position, target, fovDeg }, this.#view);
    if (!recorder.isFull) return;
    const sec = (recorder.durationMs / 1_000).toFixed(1);
    this.#onFull(`${this.#path}: the recording ends after ${sec} s, and holds no more.`);
  }
}
