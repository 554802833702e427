/** A live picture's depth as its message carries it. */
import { depthDifferences, type PictureDepth, quantiseDepth } from '@kiln/shared';
import type { DepthMap } from '../engine/depth-map.ts';

export interface EncodedDepth {
  readonly depth: PictureDepth;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Bytes of depth ÷ bytes of colour, at most. */
const MOST_SHARE = 0.25;

/** How much coarser it may be, in both directions: the first that fits is taken. */
const COARSER = [2, 3, 4, 6, 8];

/** As the map has it, or as much coarser as it has to be beside the colour. */
export async function encodeDepth(
  map: DepthMap,
  colour: Promise<{ readonly bytes: ArrayBuffer }>,
): Promise<EncodedDepth> {
  let encoded = await encode(map);
  const mostBytes = (await colour).bytes.byteLength * MOST_SHARE;
  for (const by of COARSER) {
    if (encoded.bytes.length <= mostBytes) break;
    encoded = await encode(coarser(map, by));
  }
  return encoded;
}

async function encode({ reciprocals, widthPx, heightPx }: DepthMap): Promise<EncodedDepth> {
  const { codes, range } = quantiseDepth(reciprocals);
  const differences = depthDifferences(codes, widthPx);
  const { readable, writable } = new CompressionStream('deflate-raw');
  const writer = writable.getWriter();
  const [deflated] = await Promise.all([
    new Response(readable).arrayBuffer(),
    writer.write(differences),
    writer.close(),
  ]);
  return { depth: { widthPx, heightPx, ...range }, bytes: new Uint8Array(deflated) };
}

/** The nearest of each so many pixels, in both directions. */
function coarser({ reciprocals, ...fine }: DepthMap, by: number): DepthMap {
  const [widthPx, heightPx] = [Math.ceil(fine.widthPx / by), Math.ceil(fine.heightPx / by)];
  const coarse = new Float32Array(widthPx * heightPx);
  for (let y = 0; y < fine.heightPx; y += 1) {
    for (let x = 0; x < fine.widthPx; x += 1) {
      const at = Math.floor(y / by) * widthPx + Math.floor(x / by);
      coarse[at] = Math.max(coarse[at] ?? 0, reciprocals[y * fine.widthPx + x] ?? 0);
    }
  }
  return { widthPx, heightPx, reciprocals: coarse };
}
