/** What a session shows now, as the one who drives wants it. */
import type { LiveView, PictureCodec, Pose, SeenView, SessionStart, ViewerMessage } from '@kiln/shared';
import type { Seat } from './audience.ts';
import type { WorkerLink } from './worker-link.ts';

type Input = Extract<ViewerMessage, { type: 'pose' | 'view' }>;

/** What is shown, by its input. */
export interface ShownView extends Pick<SeenView, 'view' | 'pose'> {
  readonly input: number;
}

export class Shown {
  #view: LiveView;
  #pose: Pose | null = null;
  #input = 0;
  #moving = false;

  constructor({ view, pose }: Pick<SeenView, 'view' | 'pose'>) {
    this.#view = view;
    this.#pose = pose;
  }

  /** Number of the newest. */
  get input(): number {
    return this.#input;
  }

  get seen(): ShownView {
    return { view: this.#view, pose: this.#pose, input: this.#input };
  }

  #take(message: Input): void {
    this.#input = message.input;
    if (message.type === 'view') this.#view = message.view;
    else {
      this.#pose = message.pose;
      this.#moving = message.moving;
    }
  }

  /** [LV3, LV23, LV34] Takes what is newer than the last, and tells the worker and those who watch. */
  pass(message: Input, link: Pick<WorkerLink, 'input'>, watchers: readonly Seat[]): void {
    this.#take(message);
    link.input(message);
    if (message.type === 'pose') this.tellPose(watchers);
    else this.tellView(watchers);
  }

  /** [LV13] The one who drives comes back, and counts anew. */
  restart(view: LiveView): void {
    this.#view = view;
    this.#input = 0;
    this.#moving = false;
  }

  /** Whoever moved the camera is away. */
  rest(): void {
    this.#moving = false;
  }

  /** [LV22] */
  start(protocol: number, codecs: PictureCodec[]): SessionStart {
    const [view, pose, input, moving] = [this.#view, this.#pose, this.#input, this.#moving];
    return { type: 'start', protocol, view, codecs, pose, input, moving, countsDrawn: true };
  }

  /** [LV34] */
  tellView(seats: readonly Seat[]): void {
    for (const { peer } of seats) peer?.tellNewest({ type: 'driver-view', view: this.#view });
  }

  tellPose(seats: readonly Seat[]): void {
    const [pose, moving] = [this.#pose, this.#moving];
    if (!pose) return;
    for (const { peer } of seats) peer?.tellNewest({ type: 'driver-pose', pose, moving });
  }
}
