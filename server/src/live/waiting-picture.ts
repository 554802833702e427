/**
 * The one picture that waits for a viewer ([LV4]), message by message; and whether the viewer can use what comes: tiles
 * that say what changed are nothing to whoever has missed a picture before them ([LV35]).
 */
import { isWholePicture, LIMITS, type PictureHeader } from '@kiln/shared';

export interface WaitingMessage {
  readonly bytes: Uint8Array;
  readonly arrivedAtMs: number;
}

export type PictureFate = 'sent' | 'waits' | 'dropped';

type Header = Pick<PictureHeader, 'sequence' | 'tile' | 'widthPx' | 'heightPx'>;

export class WaitingPicture {
  #messages: WaitingMessage[] = [];
  #bytes = 0;
  /** Of the picture that waits. */
  #sequence = 0;
  #needsWhole = false;
  /** Of the picture that made the viewer's whole again: its other tiles are as good. */
  #wholeSequence = 0;

  /** Nothing is of use before a whole picture. */
  get needsWhole(): boolean {
    return this.#needsWhole;
  }

  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  /** @param needsWhole for a viewer that has seen nothing of what the worker has sent. */
  clear(needsWhole: boolean): void {
    this.#forget();
    this.#needsWhole = needsWhole;
    this.#wholeSequence = 0;
  }

  /** @param mayGo the way is free: what may go is not kept. */
  take(message: WaitingMessage, header: Header, mayGo: boolean): PictureFate {
    const isWhole = isWholePicture(header);
    if (isWhole) {
      this.#needsWhole = false;
      this.#wholeSequence = header.sequence;
    } else if (this.#needsWhole && header.sequence !== this.#wholeSequence) return 'dropped';
    if (!this.isEmpty && header.sequence !== this.#sequence) {
      this.#forget();
      if (!isWhole) return this.#lose();
    }
    if (this.isEmpty && mayGo) return 'sent';
    if (this.#bytes + message.bytes.length > LIMITS.livePictureBytes && !this.isEmpty) return this.#lose();
    this.#messages.push(message);
    this.#bytes += message.bytes.length;
    this.#sequence = header.sequence;
    return 'waits';
  }

  /** The next message that waits, to be sent now. */
  shift(): WaitingMessage | null {
    const message = this.#messages.shift() ?? null;
    if (message) this.#bytes -= message.bytes.length;
    return message;
  }

  #lose(): 'dropped' {
    this.clear(true);
    return 'dropped';
  }

  #forget(): void {
    this.#messages = [];
    this.#bytes = 0;
  }
}
