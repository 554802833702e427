/**
 * The one picture that waits for a viewer ([LV4]), with what builds on it: tiles that make it better ([LV30]) and frames of a
 * video ([LV40]); and whether the viewer can use what comes: those are nothing to whoever has missed one before them ([LV35]).
 */
import { isWholePicture, LIMITS, type PictureHeader } from '@kiln/shared';
import type { Traffic } from './session-traffic.ts';

export interface WaitingMessage {
  readonly bytes: Uint8Array;
  readonly arrivedAtMs: number;
}

export type PictureFate = 'sent' | 'waits' | 'dropped';

type Header = Pick<PictureHeader, 'better' | 'delta'>;

export class WaitingPicture {
  readonly #traffic: Pick<Traffic, 'picturesReplaced' | 'picturesDropped'>;
  #messages: WaitingMessage[] = [];
  #bytes = 0;
  #needsWhole = false;

  /** @param traffic that counts what is not sent. */
  constructor(traffic: Pick<Traffic, 'picturesReplaced' | 'picturesDropped'>) {
    this.#traffic = traffic;
  }

  get sizeBytes(): number {
    return this.#bytes;
  }

  /** Nothing is of use before a whole picture. */
  get needsWhole(): boolean {
    return this.#needsWhole;
  }

  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  /** @param needsWhole for a viewer that has seen nothing of what the worker has sent. */
  clear(needsWhole: boolean): void {
    this.#traffic.picturesDropped += this.#messages.length;
    this.#forget();
    this.#needsWhole = needsWhole;
  }

  /** @param mayGo the way is free: what may go is not kept. */
  take(message: WaitingMessage, header: Header, mayGo: boolean): PictureFate {
    if (isWholePicture(header)) {
      this.#traffic.picturesReplaced += this.#messages.length;
      this.#forget();
      this.#needsWhole = false;
    } else if (this.#needsWhole) return this.#drop();
    if (this.isEmpty && mayGo) return 'sent';
    if (this.#bytes + message.bytes.length > LIMITS.livePictureBytes && !this.isEmpty) {
      this.clear(true);
      return this.#drop();
    }
    this.#messages.push(message);
    this.#bytes += message.bytes.length;
    return 'waits';
  }

  /** The next message that waits, to be sent now. */
  shift(): WaitingMessage | null {
    const message = this.#messages.shift() ?? null;
    if (message) this.#bytes -= message.bytes.length;
    return message;
  }

  #drop(): PictureFate {
    this.#traffic.picturesDropped++;
    return 'dropped';
  }

  #forget(): void {
    this.#messages = [];
    this.#bytes = 0;
  }
}
