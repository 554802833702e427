import type { ExchangeLimits } from '@kiln/shared';

/** A quarter MiB is a frame that is drawn in a tenth of a second; the whole body is in memory while it is looked at. */
export const EXCHANGE_LIMITS: ExchangeLimits = {
  claims: 64,
  frames: 64,
  frameBytes: 262_144,
  bodyBytes: 4_194_304,
};
