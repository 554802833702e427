/** [LV43] Holds views to the samples that their viewer may ask for, and says so: once to each connection. */
import type { LiveView } from '@kiln/shared';
import type { Seat, SeatPeer } from './audience.ts';
import { withinRights } from './session-parts.ts';

export class ViewLimit {
  readonly #told = new WeakSet<SeatPeer>();

  within(view: LiveView, { maxSamples, peer }: Pick<Seat, 'maxSamples' | 'peer'>): LiveView {
    const held = withinRights(view, { maxSamples });
    if (held !== view && peer && !this.#told.has(peer)) {
      this.#told.add(peer);
      const message = `[LV43] this token's views have at most ${maxSamples} samples a pixel, not ${view.samples}`;
      peer.tell({ type: 'error', code: 'identity.forbidden', message, fatal: false });
    }
    return held;
  }
}
