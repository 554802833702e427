/** Who gets which picture of a session, and in what ([LV35, LV36, LV41]). */
import { isStillCodec, KilnError, type PictureCodec, type PictureHeader } from '@kiln/shared';
import type { Audience, Seat } from './audience.ts';
import type { Shown } from './shown.ts';
import type { WorkerLink } from './worker-link.ts';

export class PictureShare {
  readonly #audience: Audience;
  readonly #link: WorkerLink;
  /** As the worker was told of them. */
  #codecs = '';

  constructor(audience: Audience, link: WorkerLink) {
    this.#audience = audience;
    this.#link = link;
  }

  /** [LV22] */
  start(shown: Shown, protocol: number): void {
    const { codecs, present } = this.#audience;
    this.#codecs = codecs.join();
    for (const { peer } of present) peer?.dropPictures(false);
    this.#link.start(shown.start(protocol, codecs));
  }

  /** [LV41] What all can read may be other than before. @returns false where only a `start` can tell the worker. */
  matchCodecs(): boolean {
    const { codecs } = this.#audience;
    if (codecs.join() === this.#codecs) return true;
    if (!this.#link.changeCodecs(codecs)) return false;
    this.#codecs = codecs.join();
    return true;
  }

  /** [LV31] @throws KilnError `live.no_codec` to one who reads none of the session's that stands for itself. */
  requireReader(codecs: readonly PictureCodec[]): void {
    if (this.#audience.codecs.some((codec) => isStillCodec(codec) && codecs.includes(codec))) return;
    throw new KilnError('live.no_codec', '[LV31] the session has no picture codec that this viewer reads');
  }

  /** [LV36] */
  drew(bytes: Uint8Array, header: PictureHeader): void {
    if (!this.#link.drew(header)) return;
    const { driver, present } = this.#audience;
    let isForNobody = true;
    for (const seat of present) {
      const isSent = this.#pass(seat, bytes, header);
      if (isSent && (!driver?.peer || seat === driver)) isForNobody = false;
    }
    // Whoever paces will not acknowledge what it is not sent; what is for some only has the number of another.
    if (isForNobody && present.length > 0 && !header.catchUp) this.#link.settle();
  }

  /** [LV35] One who has seen nothing of what the worker has sent. */
  catchUp({ peer }: Seat): void {
    peer?.dropPictures(true);
    this.refresh();
  }

  refresh(): void {
    this.#link.refresh(() => this.#audience.present.some(({ peer }) => peer?.needsWhole));
  }

  #pass({ peer, codecs }: Seat, bytes: Uint8Array, header: PictureHeader): boolean {
    if (!peer || (header.catchUp && !peer.needsWhole)) return false;
    // Of before the worker has heard what this one reads.
    if (!codecs.includes(header.codec)) {
      peer.dropPictures(true);
      return false;
    }
    return peer.picture(bytes, header) !== 'dropped';
  }
}
