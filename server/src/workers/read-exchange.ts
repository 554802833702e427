/** The body of an exchange (`worker-exchange.ts` of `@kiln/shared` has its layout), told apart without looking at its items. */
import { type ExchangeLimits, KilnError, parseJson } from '@kiln/shared';
import * as Type from 'typebox';

const Framing = Type.Object({
  claims: Type.Array(Type.Unknown()),
  frames: Type.Array(Type.Object({ result: Type.Object({ sizeBytes: Type.Integer({ minimum: 1 }) }) })),
});

export interface ReadExchange {
  /** Unchecked. */
  readonly claims: readonly unknown[];
  /** Unchecked, beside the bytes of each. */
  readonly frames: readonly { readonly item: unknown; readonly bytes: Uint8Array }[];
}

const SIZE_BYTES = 4;

/**
 * @throws KilnError `request.bad_json`; `request.invalid` when the body is not laid out so, or has more than `limits` say;
 *   `request.too_large` when a frame has.
 */
export function readExchange(
  body: Buffer,
  { claims: mostClaims, frames: mostFrames, frameBytes }: ExchangeLimits,
): ReadExchange {
  const jsonBytes = body.byteLength < SIZE_BYTES ? 0 : body.readUInt32LE(0);
  let offset = SIZE_BYTES + jsonBytes;
  if (offset > body.byteLength) {
    throw new KilnError('request.invalid', `expected a body of at least ${offset} bytes, got ${body.byteLength}`);
  }
  const { claims, frames } = parseJson(Framing, body.toString('utf8', SIZE_BYTES, offset), 'the exchange');
  if (claims.length > mostClaims || frames.length > mostFrames) {
    throw new KilnError(
      'request.invalid',
      `expected at most ${mostClaims} claims and ${mostFrames} frames, got ${claims.length} and ${frames.length}`,
    );
  }
  const parts = frames.map((item) => {
    const { sizeBytes } = item.result;
    if (sizeBytes > frameBytes) {
      throw new KilnError(
        'request.too_large',
        `expected frames of at most ${frameBytes} bytes, got one of ${sizeBytes}`,
      );
    }
    const from = offset;
    offset += sizeBytes;
    return { item, bytes: body.subarray(from, offset) };
  });
  if (offset === body.byteLength) return { claims, frames: parts };
  throw new KilnError('request.invalid', `expected ${offset} bytes by the frames’ sizes, got ${body.byteLength}`);
}
