/** Films that a page makes of pictures of one colour each, put together as a worker does. */
import { type FilmCodec, type FilmFormat, frameRateOf, type Size } from '@kiln/shared';
import sharp from 'sharp';
import type { FilmProgress } from '../../src/page/contract.ts';
import type { TestPage } from './test-page.ts';

export type Colour = readonly [number, number, number];

export interface FilmWish {
  readonly format: FilmFormat;
  readonly codec?: FilmCodec;
  readonly size?: Size;
  readonly fps?: number;
  /** A picture of each; null: the one before stays. */
  readonly colours: readonly (Colour | null)[];
  readonly sound?: Uint8Array;
}

export const FILM_SIZE: Size = { widthPx: 64, heightPx: 48 };

export async function makeFilm(page: TestPage, wish: FilmWish): Promise<{ file: Buffer; last: FilmProgress }> {
  const { format, codec = null, size = FILM_SIZE, fps = 24, colours, sound } = wish;
  const files: Record<string, Uint8Array> = sound ? { sound } : {};
  for (const [index, colour] of colours.entries()) {
    if (colour) files[`${index}.png`] = await plainPng(size, colour);
  }
  const { sceneHash: source } = await page.mount(files);
  const film = {
    source,
    plan: { format, codec, audio: null },
    size,
    rate: frameRateOf(fps),
    pictureCount: colours.length,
    audioPath: sound ? 'sound' : null,
  };
  let file = Buffer.alloc(0);
  const put = ({ result, bytes }: { result: FilmProgress; bytes: Buffer }) => {
    let at = 0;
    for (const { position, sizeBytes } of result.writes) {
      const missing = Math.max(0, position + sizeBytes - file.length);
      file = Buffer.concat([file, Buffer.alloc(missing)]);
      bytes.copy(file, position, at, at + sizeBytes);
      at += sizeBytes;
    }
    return result;
  };
  put(await page.client.call('film-open', { film }));
  for (const [index, colour] of colours.entries()) {
    put(await page.client.call('film-picture', { path: colour ? `${index}.png` : null, label: String(index) }));
  }
  const last = put(await page.client.call('film-end', {}));
  return { file, last };
}

const plainPng = ({ widthPx, heightPx }: Size, [r, g, b]: Colour): Promise<Buffer> =>
  sharp({ create: { width: widthPx, height: heightPx, channels: 3, background: { r, g, b } } })
    .png()
    .toBuffer();
