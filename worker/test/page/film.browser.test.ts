/** @module-tag heavy */
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Colour, makeFilm } from './film-file.ts';
import { TestPage } from './test-page.ts';

const COLOURS: readonly (Colour | null)[] = [[255, 0, 0], [0, 255, 0], null, [128, 128, 128]];

let page: TestPage;
beforeAll(async () => {
  page = await TestPage.start();
});
afterAll(() => page?.close());

describe('a film', () => {
  it.each([
    ['mp4', 'h264', 'avc'],
    ['webm', 'vp9', 'vp9'],
  ] as const)('%s has a picture at each time, with its index where players look first', async (format, codec, name) => {
    const { file, last } = await makeFilm(page, { format, codec, fps: 23.976, colours: COLOURS });
    expect(last).toMatchObject({ pictureCount: 4, audioCodec: null, size: { widthPx: 64, heightPx: 48 } });
    const input = new Input({ source: new BufferSource(file), formats: ALL_FORMATS });
    const track = await input.getPrimaryVideoTrack();
    expect(await track?.getCodec()).toBe(name);
    if (!track) throw new Error('no track');
    const times: number[] = [];
    for await (const { timestamp } of new EncodedPacketSink(track).packets()) times.push(timestamp);
    expect(times).toHaveLength(4);
    // WebM has whole milliseconds.
    for (const [index, time] of times.entries()) expect(Math.abs(time - (index * 1_001) / 24_000)).toBeLessThan(0.0006);
    if (format === 'mp4') expect(file.indexOf('moov')).toBeLessThan(file.indexOf('mdat'));
  });

  it('an odd size gets one pixel more', async () => {
    const { last } = await makeFilm(page, {
      format: 'mp4',
      codec: 'h264',
      size: { widthPx: 65, heightPx: 49 },
      colours: COLOURS,
    });
    expect(last.size).toEqual({ widthPx: 66, heightPx: 50 });
  });

  it.each(['webp', 'gif'] as const)('%s loops through the pictures', async (format) => {
    const { file } = await makeFilm(page, { format, fps: 24, colours: COLOURS });
    const { pages, delay, loop } = await sharp(file, { animated: true }).metadata();
    expect(loop).toBe(0);
    // libvips makes one of pictures that are the same; what they last is added up.
    expect(pages).toBeGreaterThanOrEqual(3);
    expect(delay?.reduce((sum, ms) => sum + ms, 0)).toBe(format === 'gif' ? 170 : 167);
    const third = await sharp(file, { page: (pages ?? 1) - 1 })
      .removeAlpha()
      .raw()
      .toBuffer();
    for (const level of third.subarray(0, 3)) expect(Math.abs(level - 128)).toBeLessThan(4);
  });

  it('a contact sheet shows each picture in its place', async () => {
    const { file } = await makeFilm(page, { format: 'contact-sheet', colours: COLOURS });
    const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const at = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
    expect([info.width, info.height]).toEqual([2 * 72 + 8, 2 * 74 + 8]);
    expect([at(40, 30), at(112, 30), at(40, 104), at(112, 104)]).toEqual([
      [255, 0, 0],
      [0, 255, 0],
      [0, 255, 0],
      [128, 128, 128],
    ]);
  });

  it('what is no sound is refused', async () => {
    const sound = Buffer.from('not a sound at all, whatever its name says');
    await expect(makeFilm(page, { format: 'mp4', codec: 'h264', colours: COLOURS, sound })).rejects.toMatchObject({
      code: 'job.unsupported',
    });
  });
});
