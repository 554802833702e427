/** [LV40] Frames of videos to pixels, by the browser's own decoders: whole, broken, out of order. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { VIDEO_CODECS, type VideoCodec } from '@kiln/shared';
import type { Page } from 'puppeteer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startChromium, type TestBrowser } from '../chromium.ts';
import { scriptOf } from '../script.ts';
import type { Given, Read } from './video-reader-page.ts';

let chromium: TestBrowser;
let page: Page;
let server: Server;
const complaints: string[] = [];

beforeAll(async () => {
  const script = await scriptOf(fileURLToPath(new URL('video-reader-page.ts', import.meta.url)));
  server = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : '<!doctype html><body><script type="module" src="/page.js"></script>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  chromium = await startChromium();
  page = await chromium.browser.newPage();
  page.on('pageerror', (error) => complaints.push(String(error)));
  const address = server.address();
  await page.goto(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`);
  await page.waitForFunction('window.makeVideo !== undefined');
});
afterAll(async () => {
  await chromium?.close();
  server?.close();
  expect(complaints).toEqual([]);
});

type Frame = [grey: number, width?: number, isKey?: boolean];
const make = (codec: VideoCodec, ...frames: Frame[]) =>
  page.evaluate(`makeVideo('${codec}', ${JSON.stringify(frames)})`);
const read = (...steps: (Given | Given[])[]) =>
  page.evaluate(`readVideo(${JSON.stringify(steps.map((step) => [step].flat()))})`) as Promise<Read[]>;

describe.each(VIDEO_CODECS)('of %s', (codec) => {
  test('each frame is read at once, and so are several that came together', async () => {
    await make(codec, [40], [80], [120], [160], [200, 64, true], [240]);
    expect(await read({ at: 0 }, { at: 1 }, [{ at: 2 }, { at: 3 }, { at: 4 }, { at: 5 }])).toEqual([
      '40 64',
      '80 64',
      '120 64',
      '160 64',
      '200 64',
      '240 64',
    ]);
  });

  test('a key frame may be of another size', async () => {
    await make(codec, [40], [80], [120, 96], [160, 96], [200, 32], [240, 32]);
    expect(await read({ at: 0 }, { at: 1 }, { at: 2 }, { at: 3 }, [{ at: 4 }, { at: 5 }])).toEqual([
      '40 64',
      '80 64',
      '120 96',
      '160 96',
      '200 32',
      '240 32',
    ]);
  });

  test('nothing is read without the picture before it, until the next key frame', async () => {
    await make(codec, [40], [80], [120], [160], [200, 64, true], [240]);
    // The first has none at all, and the key frame of the third was lost.
    expect(await read({ at: 1 }, { at: 0 }, { at: 2 }, { at: 3 }, { at: 4 }, { at: 5 })).toEqual([
      'not read',
      '40 64',
      'not read',
      'not read',
      '200 64',
      '240 64',
    ]);
  });

  test('what no decoder can read costs its video alone', async () => {
    await make(codec, [40], [80], [120, 64, true], [160], [200, 64, true], [240]);
    expect(await read({ at: 0 }, { at: 1, isGarbled: true }, { at: 2 }, { at: 3 })).toEqual(
      // A decoder may make something of garbled bytes: then it is no worse than a garbled picture.
      ['40 64', expect.stringMatching(/not read|other|80/), '120 64', '160 64'],
    );
    const [key, delta, ...after] = await read({ at: 2, isGarbled: true }, { at: 3 }, { at: 4 }, { at: 5 });
    expect([key, delta]).toEqual(['not read', 'not read']);
    expect(after).toEqual(['200 64', '240 64']);
  });

  test('what says it is a key frame and is none is not read, nor what follows it', async () => {
    await make(codec, [40], [80], [120], [160, 64, true]);
    expect(await read({ at: 1, delta: false }, { at: 2 }, { at: 3 })).toEqual(['not read', 'not read', '160 64']);
  });

  test('all that waits for a decoder that says nothing is given up, and the next key frame is read by another', async () => {
    await make(codec, [40], [80], [120, 64, true], [160]);
    await page.evaluate('silence()');
    expect(await read([{ at: 0 }, { at: 1 }], { at: 2 }, { at: 3 })).toEqual([
      'not read',
      'not read',
      '120 64',
      '160 64',
    ]);
  });

  test('of a reader that is closed nothing is awaited any more', async () => {
    await make(codec, [40], [80]);
    await read({ at: 0 });
    const reading = read({ at: 1 });
    const closed = page.evaluate('closeReader()');
    expect((await Promise.all([reading, closed]))[0]).toEqual([expect.stringMatching(/80 64|not read/)]);
    expect(await read({ at: 1 })).toEqual(['not read']);
  });
});

test('a video of another codec begins anew, and is not mistaken for what goes on', async () => {
  await make('vp9', [40], [80], [120]);
  expect(await read({ at: 0 }, { at: 1 }, { at: 2, codec: 'av1' })).toEqual(['40 64', '80 64', 'not read']);
});

test('planes of decoders that give both colour differences in one are read, too', async () => {
  expect(await page.evaluate('readNv12()')).toEqual([
    [4, 2, 10, 20, 30, 40, 50, 60, 70, 80],
    [2, 1, 101, 102],
    [2, 1, 201, 202],
  ]);
});
