/** [LV37] Questions about what is seen: each is answered to the viewer that asked, by the worker or in its place. */
import { KilnError, type ServerMessage, type ViewerMessage } from '@kiln/shared';
import { LIVE_LIMITS } from '../dispatch/limits.ts';
import type { Seat, SeatPeer } from './audience.ts';
import { MessageRate } from './message-rate.ts';

type Question = Extract<ViewerMessage, { type: 'pick' }>;
type Answer = Extract<ServerMessage, { type: 'picked' }>;

interface Waiting {
  readonly peer: SeatPeer;
  /** As its viewer counts. */
  readonly request: number;
  readonly timer: NodeJS.Timeout;
}

export class Picks {
  /** By the number that the worker answers with: each viewer counts for itself. */
  readonly #waiting = new Map<number, Waiting>();
  readonly #rates = new WeakMap<SeatPeer, MessageRate>();
  #lastNumber = 0;

  /** @param pass to the worker; null while there is no picture to ask about. */
  ask({ peer, access }: Seat, question: Question, pass: ((question: Question) => void) | null): void {
    if (!peer) return;
    const refusal = this.#refusal(peer, question, access === 'view');
    if (refusal || !pass) {
      refuse(peer, question.request, refusal ?? new KilnError('scene.not_ready', 'nothing is drawn yet'));
      return;
    }
    const number = ++this.#lastNumber;
    const late = () => this.#settle(number, (waiting) => refuse(waiting.peer, waiting.request, LATE()));
    const timer = setTimeout(late, LIVE_LIMITS.pickMs);
    this.#waiting.set(number, { peer, request: question.request, timer });
    pass({ ...question, request: number });
  }

  /** What nobody waits for any more is dropped. */
  answer(answer: Answer): void {
    this.#settle(answer.request, ({ peer, request }) => peer.tell({ ...answer, request }));
  }

  /** Nobody answers what was asked until now. */
  failAll(error: KilnError): void {
    for (const number of [...this.#waiting.keys()]) {
      this.#settle(number, ({ peer, request }) => refuse(peer, request, error));
    }
  }

  #refusal(peer: SeatPeer, { from }: Question, onlyViews: boolean): KilnError | null {
    // [LV29]
    if (from && onlyViews)
      return new KilnError('identity.forbidden', '[LV37] this token looks from no place of its own');
    const rate = this.#rates.get(peer) ?? new MessageRate(LIVE_LIMITS.picksPerSecond, LIVE_LIMITS.pickBurst);
    this.#rates.set(peer, rate);
    const waiting = [...this.#waiting.values()].filter((one) => one.peer === peer).length;
    if (waiting < LIVE_LIMITS.picksWaiting && rate.take(performance.now())) return null;
    const most = `${LIVE_LIMITS.picksWaiting} at once, and ${LIVE_LIMITS.picksPerSecond} a second`;
    return new KilnError('request.too_many', `[LV37] a viewer asks at most ${most}`);
  }

  #settle(number: number, tell: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(number);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this.#waiting.delete(number);
    tell(waiting);
  }
}

const LATE = () => new KilnError('render.timeout', `the worker has not answered for ${LIVE_LIMITS.pickMs} ms`);

const refuse = (peer: SeatPeer, request: number, { code, message }: KilnError): void =>
  peer.tell({ type: 'picked', request, surface: null, error: { code, message } });
