/** A live picture's depth as its message carries it. */
import { depthDifferences, type PictureDepth, quantiseDepth } from '@kiln/shared';
import type { DepthMap } from '../engine/depth-map.ts';

export interface EncodedDepth {
  readonly depth: PictureDepth;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Bytes of depth ÷ bytes of colour, at most. */
const MOST_SHARE = 0.25;

/** As the map has it, or half as fine where that takes too much beside the colour. Null where nothing stands anywhere. */
export async function encodeDepth(
  map: DepthMap,
  colour: Promise<{ readonly bytes: ArrayBuffer }>,
): Promise<EncodedDepth | null> {
  const encoded = await encode(map);
  const mostBytes = (await colour).bytes.byteLength * MOST_SHARE;
  return encoded && encoded.bytes.length > mostBytes ? encode(coarser(map)) : encoded;
}

async function encode({ reciprocals, widthPx, heightPx }: DepthMap): Promise<EncodedDepth | null> {
  const quantised = quantiseDepth(reciprocals);
  if (!quantised) return null;
  const differences = depthDifferences(quantised.codes, widthPx);
  const { readable, writable } = new CompressionStream('deflate-raw');
  const writer = writable.getWriter();
  const [deflated] = await Promise.all([
    new Response(readable).arrayBuffer(),
    writer.write(differences),
    writer.close(),
  ]);
  return { depth: { widthPx, heightPx, ...quantised.range }, bytes: new Uint8Array(deflated) };
}

/** Of each 2 × 2 the nearest. */
function coarser({ reciprocals, ...fine }: DepthMap): DepthMap {
  const [widthPx, heightPx] = [Math.ceil(fine.widthPx / 2), Math.ceil(fine.heightPx / 2)];
  const coarse = new Float32Array(widthPx * heightPx);
  for (const [i, reciprocal] of reciprocals.entries()) {
    const at = (Math.floor(i / fine.widthPx) >> 1) * widthPx + ((i % fine.widthPx) >> 1);
    coarse[at] = Math.max(coarse[at] ?? 0, reciprocal);
  }
  return { widthPx, heightPx, reciprocals: coarse };
}
