/** [LV37] What was asked about the picture, and is not answered yet. */
import { isErrorCode, KilnError, type PickedSurface, type ServerMessage, type ViewerMessage } from '@kiln/shared';

type Asked = Extract<ViewerMessage, { type: 'pick' }>;
type Answer = Extract<ServerMessage, { type: 'picked' }>;

/** A point, and whose picture it is in. */
export type Question = Omit<Asked, 'type' | 'request'>;

interface Waiting {
  readonly resolve: (surface: PickedSurface | null) => void;
  readonly reject: (error: KilnError) => void;
}

export class OpenQuestions {
  readonly #waiting = new Map<number, Waiting>();
  #lastRequest = 0;

  /** @throws KilnError where the answer is one, or none comes any more. */
  ask(question: Question, send: (message: Asked) => void): Promise<PickedSurface | null> {
    const request = ++this.#lastRequest;
    return new Promise((resolve, reject) => {
      this.#waiting.set(request, { resolve, reject });
      send({ type: 'pick', request, ...question });
    });
  }

  answer({ request, surface, error }: Answer): void {
    const waiting = this.#waiting.get(request);
    this.#waiting.delete(request);
    if (!error) waiting?.resolve(surface);
    else waiting?.reject(new KilnError(isErrorCode(error.code) ? error.code : 'server.internal', error.message));
  }

  /** The connection that they were asked on is gone. */
  fail(): void {
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of all) reject(noConnection());
  }
}

export const noConnection = () =>
  new KilnError('client.unreachable', 'the live view has no connection to its farm: ask again when it is there');
