import { ExrWriter } from '../encode/exr.ts';
import type { LightImage } from './light-pictures.ts';
import { upsideDown } from './read-panorama.ts';

/** A panorama as OpenEXR: half floats, ZIP. */
export async function panoramaFile({ widthPx, heightPx, data }: LightImage): Promise<Uint8Array<ArrayBuffer>> {
  const names = ['R', 'G', 'B'] as const;
  const writer = new ExrWriter(
    { widthPx, heightPx },
    names.map((name) => ({ name, type: 'half' })),
  );
  const values = upsideDown(data, heightPx);
  await writer.add(
    heightPx,
    names.map((_, offset) => ({ values, offset, stride: 4 })),
  );
  return new Uint8Array(await new Blob(writer.finish()).arrayBuffer());
}
