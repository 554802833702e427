/** [LV37] What viewers ask of the pictures that they see: one answer after another, each in a turn among live pictures. */
import { KilnError, type PickedSurface, type ServerMessage, type ViewerMessage } from '@kiln/shared';
import { knownError } from '../known-error.ts';
import { WORKER_LIMITS } from '../limits.ts';
import type { DrawKind } from '../pool/draw-turns.ts';
import type { PickArguments } from '../pool/page-orders.ts';
import type { Wanted } from './live-input.ts';

type Question = Extract<ViewerMessage, { type: 'pick' }>;
type Answer = Extract<ServerMessage, { type: 'picked' }>;

/** The page, as far as points are looked at there. */
export interface PickStage {
  readonly sceneHash: string;
  turn(kind: DrawKind, signal: AbortSignal): Promise<() => void>;
  /** @returns null where nothing stands. */
  pick(order: PickArguments): Promise<PickedSurface | null>;
}

/** What a picture was drawn of. */
type Drawn = Pick<Wanted, 'input' | 'view' | 'pose'>;

export class PickDesk {
  readonly #stage: PickStage;
  readonly #tell: (answer: Answer) => void;
  readonly #signal: AbortSignal;
  /** The newest last. */
  #drawn: readonly Drawn[] = [];
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  /** @param signal aborts with the session. */
  constructor(stage: PickStage, tell: (answer: Answer) => void, signal: AbortSignal) {
    this.#stage = stage;
    this.#tell = tell;
    this.#signal = signal;
  }

  /** A picture of this is begun: who sees it may ask about it for a while. */
  drawing({ input, view, pose }: Wanted): void {
    if (this.#drawn.at(-1)?.input === input) return;
    this.#drawn = [...this.#drawn, { input, view, pose }].slice(-WORKER_LIMITS.askedPictures);
  }

  /** Inputs begin anew (LV22). */
  forget(): void {
    this.#drawn = [];
  }

  /** Answers in its turn, with an error where it cannot. @param isLoaded whether the scene is on its page. */
  ask(question: Question, isLoaded: boolean): void {
    if (this.#waiting >= WORKER_LIMITS.waitingPicks) {
      this.#refuse(question, new KilnError('request.too_many', 'more questions wait than are answered'));
      return;
    }
    this.#waiting++;
    this.#last = this.#last.then(async () => {
      try {
        const surface = await this.#look(question, isLoaded);
        this.#tell({ type: 'picked', request: question.request, surface });
      } catch (error) {
        this.#refuse(question, knownError(error));
      } finally {
        this.#waiting--;
      }
    });
  }

  async #look({ input, x, y, from }: Question, isLoaded: boolean): Promise<PickedSurface | null> {
    const drawn = this.#drawn.find((one) => one.input === input) ?? this.#drawn.at(-1);
    if (!isLoaded || !drawn)
      throw new KilnError('scene.not_ready', 'no picture was drawn yet that could be asked about');
    const { sceneHash } = this.#stage;
    const { view } = drawn;
    // [LV26]
    const seenFrom = view.camera === undefined ? from : undefined;
    const order = { sceneHash, view, pose: seenFrom?.pose ?? drawn.pose, aspect: seenFrom?.aspect ?? null, x, y };
    const free = await this.#stage.turn('live', this.#signal);
    try {
      return await this.#stage.pick(order);
    } finally {
      free();
    }
  }

  #refuse({ request }: Question, { code, message }: KilnError): void {
    this.#tell({ type: 'picked', request, surface: null, error: { code, message } });
  }
}
