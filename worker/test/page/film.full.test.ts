/** Films read back by ffmpeg, which shares no code with Kiln or the browser. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { type Colour, FILM_SIZE, makeFilm } from './film-file.ts';
import { TestPage } from './test-page.ts';

const run = promisify(execFile);
const hasTools = await Promise.all([run('ffmpeg', ['-version']), run('ffprobe', ['-version'])]).then(
  () => true,
  () => false,
);

/** Each colour says which picture it is. */
const colourOf = (index: number): Colour => {
  if (index === 0) return [128, 128, 128];
  if (index === 1) return [255, 0, 0];
  return [(index * 9) % 256, (index * 37) % 256, 255 - ((index * 9) % 256)];
};
const PICTURES = 24;
const COLOURS = Array.from({ length: PICTURES }, (_, index) => colourOf(index));

if (!hasTools) {
  test.skip('films: not read back, because there is no ffmpeg; install the package ffmpeg', () => {});
} else {
  let folder = '';
  let page: TestPage;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kiln-film-'));
    page = await TestPage.start();
  });
  afterAll(async () => {
    await page?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const put = async (name: string, bytes: Uint8Array) => {
    const path = join(folder, name);
    await writeFile(path, bytes);
    return path;
  };
  const probe = async (path: string): Promise<Record<string, string>[]> => {
    const { stdout } = await run('ffprobe', ['-v', 'error', '-count_frames', '-show_streams', '-of', 'json', path]);
    const found: { streams: Record<string, string>[] } = JSON.parse(stdout);
    return found.streams;
  };
  /** Colour in the middle of each picture. */
  const decode = async (path: string): Promise<number[][]> => {
    const raw = join(folder, 'raw');
    await run('ffmpeg', ['-v', 'error', '-y', '-i', path, '-f', 'rawvideo', '-pix_fmt', 'rgb24', raw]);
    const bytes = await readFile(raw);
    const { widthPx, heightPx } = FILM_SIZE;
    const middle = (heightPx / 2) * widthPx + widthPx / 2;
    return Array.from({ length: bytes.length / (widthPx * heightPx * 3) }, (_, index) => {
      const at = (index * widthPx * heightPx + middle) * 3;
      return [...bytes.subarray(at, at + 3)];
    });
  };

  describe.each([
    ['mp4', 'h264'],
    ['mp4', 'av1'],
    ['webm', 'vp9'],
    ['webm', 'av1'],
  ] as const)('%s with %s', (format, codec) => {
    it('has every picture in order, in its colour, at the exact rate', async () => {
      const { file } = await makeFilm(page, { format, codec, fps: 23.976, colours: COLOURS });
      const path = await put(`plain-${codec}.${format}`, file);
      const [video] = await probe(path);
      expect(video).toMatchObject({
        codec_name: codec,
        nb_read_frames: String(PICTURES),
        r_frame_rate: '24000/1001',
        pix_fmt: 'yuv420p',
        color_range: 'tv',
        color_space: 'bt709',
        color_transfer: 'bt709',
        color_primaries: 'bt709',
      });
      const pictures = await decode(path);
      expect(pictures).toHaveLength(PICTURES);
      pictures.forEach((picture, index) => {
        // Levels lost to 219 of luma and to quantisation.
        picture.forEach((level, channel) => {
          expect(Math.abs(level - (COLOURS[index]?.[channel] ?? -1)), `${index}/${channel}`).toBeLessThanOrEqual(5);
        });
      });
      expect(pictures[0]).toEqual([128, 128, 128]);
    });

    it.each(['wav', 'm4a', 'mp3'])('has sound from %s as long as the film', async (ending) => {
      const sound = join(folder, `sound.${ending}`);
      await run('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'sine=f=440:r=44100:d=3', '-ac', '2', sound]);
      const { file, last } = await makeFilm(page, { format, codec, colours: COLOURS, sound: await readFile(sound) });
      const isCopied = format === 'mp4' && ending !== 'wav';
      expect(last.audioCodec).toBe(isCopied ? { m4a: 'aac', mp3: 'mp3' }[ending] : 'opus');
      const path = await put(`sound-${codec}.${format}`, file);
      const streams = await probe(path);
      expect(streams.map((stream) => stream.codec_type)).toEqual(['video', 'audio']);
      const { stdout } = await run('ffprobe', [
        '-v',
        'error',
        '-show_entries',
        'format=duration',
        '-of',
        'csv=p=0',
        path,
      ]);
      expect(Number(stdout)).toBeGreaterThanOrEqual(1);
      // The last packet of sound may begin within the film and end after it.
      expect(Number(stdout)).toBeLessThan(1.06);
    });
  });
}
