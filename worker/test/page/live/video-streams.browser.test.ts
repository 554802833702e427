/** Pictures of movements as frames of videos, by the browser's own encoders in the worker's page; some are made to fail. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VIDEO_CODECS, type VideoCodec } from '@kiln/shared';
import { build } from 'esbuild';
import type { Page } from 'puppeteer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findBrowser } from '../../../src/browser/find-browser.ts';
import { type LaunchedBrowser, launchBrowser } from '../../../src/browser/launch-browser.ts';
import { createLog } from '../../../src/log.ts';
import { buildPage } from '../../../src/page-bundle.ts';
import type { Order, Shown } from './video-page.ts';

const PAGE_FOLDER = fileURLToPath(new URL('../../../dist/page', import.meta.url));
const TEST_PAGE = fileURLToPath(new URL('video-page.ts', import.meta.url));

/** Heights of pictures whose AV1 encoder fails: so that the others of the same page do not. */
const [THROWS, FAILS_LATER, IS_SILENT, DIES] = [50, 52, 54, 56];
/** Before the worker's program: the real encoder, but for those pictures. */
const FAULTS = `
const Real = VideoEncoder;
globalThis.VideoEncoder = class extends Real {
  #fails;
  #config;
  constructor(init) { super(init); this.#fails = init.error; }
  configure(config) { super.configure(config); this.#config = config; }
  encode(frame, options) {
    const { codec, height } = this.#config;
    if (!codec.startsWith('av01')) return super.encode(frame, options);
    if (height === ${THROWS}) throw new Error('not today');
    if (height === ${DIES}) setTimeout(() => { throw new Error('out of memory'); });
    if (height === ${FAILS_LATER}) setTimeout(() => { this.close(); this.#fails(new Error('not today')); });
    if (height !== ${IS_SILENT} && height !== ${DIES} && height !== ${FAILS_LATER}) super.encode(frame, options);
  }
};
`;

let folder: string;
let browser: LaunchedBrowser;
let page: Page;

beforeAll(async () => {
  await buildPage(PAGE_FOLDER);
  folder = await mkdtemp(join(tmpdir(), 'kiln-video-page-'));
  await cp(PAGE_FOLDER, folder, { recursive: true });
  const worker = join(folder, 'video-worker.js');
  await writeFile(worker, `${FAULTS}${await readFile(worker, 'utf8')}`);
  await build({ entryPoints: [TEST_PAGE], bundle: true, format: 'esm', outfile: join(folder, 'video-page.js') });
  const found = await findBrowser();
  if (!found) throw new Error('these tests need Chrome or Chromium on this machine');
  browser = await launchBrowser({
    browserPath: found.path,
    gl: 'gl-egl',
    allowNoSandbox: false,
    environment: { PATH: '/usr/bin:/bin' },
    pageFolder: folder,
    log: createLog('silent'),
  });
  ({ page } = await browser.openPage());
  await page.evaluate('import("/video-page.js")');
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

const inPage = <T>(code: string) => page.evaluate(code) as Promise<T>;
const encode = (order: Order, endsAtOnce = false) =>
  inPage<Shown>(`encodeVideo(${JSON.stringify(order)}, ${endsAtOnce})`);
const read = () => inPage<{ apart: number; bytes: number }[]>('readVideo()');
async function times(count: number, order: Order): Promise<string[]> {
  const became: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const shown = await encode(order);
    became.push(`${shown.codec} ${shown.became}`);
  }
  return became;
}

test.each(VIDEO_CODECS)(
  '[LV40] %s: a key frame, and what builds on it, each at once, and like the picture',
  async (codec) => {
    const order = { key: codec, codecs: [codec] };
    expect(await times(4, order)).toEqual([`${codec} key`, ...new Array(3).fill(`${codec} delta`)]);
    const frames = await read();
    for (const { apart } of frames) expect(apart).toBeLessThan(10);
    expect(frames[3]?.bytes).toBeLessThan(frames[0]?.bytes ?? 0);
    // Nothing before is to be built on; and of another quality.
    expect(await encode({ ...order, isKey: true })).toMatchObject({ became: 'key' });
    expect(await encode({ ...order, quality: 40 })).toMatchObject({ became: 'delta' });
    // The encoder of another size is another one.
    await read();
    expect(await times(2, { ...order, heightPx: 32 })).toEqual([`${codec} key`, `${codec} delta`]);
    for (const { apart } of await read()) expect(apart).toBeLessThan(10);
    await inPage(`endVideo('${codec}')`);
  },
);

test('[LV40] the first pictures of a movement do not wait for an encoder: they stand for themselves', async () => {
  expect(await inPage(`codecsOfNew(['vp9'])`)).toEqual([null, 'vp9']);
});

test('a quality of less takes fewer bytes, of every codec', async () => {
  for (const codec of VIDEO_CODECS) {
    const bytes: number[] = [];
    for (const quality of [90, 40]) {
      await times(6, { key: `${codec} ${quality}`, codecs: [codec], quality, widthPx: 320, heightPx: 192 });
      bytes.push((await read()).reduce((sum, frame) => sum + frame.bytes, 0));
    }
    expect(bytes[1], codec).toBeLessThan((bytes[0] ?? 0) * 0.9);
  }
});

test('a stream that ends while a frame is encoded gives the pixels back, and begins anew', async () => {
  const order: Order = { key: 'ends', codecs: ['av1', 'vp9'], heightPx: IS_SILENT };
  expect(await encode(order, true)).toEqual({ codec: 'av1', became: 'pixels' });
  // That was no fault of the codec.
  for (let i = 0; i < 3; i += 1) expect(await encode(order, true)).toEqual({ codec: 'av1', became: 'pixels' });
  expect(await times(2, { ...order, heightPx: 48 })).toEqual(['av1 key', 'av1 delta']);
});

test.each([
  ['throws', THROWS],
  ['fails later', FAILS_LATER],
  ['says nothing', IS_SILENT],
])(
  'a codec whose encoder %s is given up after three tries, of this stream and size',
  { tags: ['heavy'] },
  async (_, heightPx) => {
    const codecs: VideoCodec[] = ['av1', 'vp9'];
    const order = { key: `faulty ${heightPx}`, codecs, heightPx };
    expect(await times(5, order)).toEqual([...new Array(3).fill('av1 pixels'), 'vp9 key', 'vp9 delta']);
    expect(await times(1, { ...order, codecs: ['av1'] })).toEqual(['null pixels']);
    expect(await times(2, { ...order, heightPx: 48 })).toEqual(['av1 key', 'av1 delta']);
    expect(await times(1, { ...order, key: `other ${heightPx}` })).toEqual(['av1 pixels']);
  },
);

test('an encoder that says nothing holds up no other stream', async () => {
  const silent = encode({ key: 'silent', codecs: ['av1'], heightPx: IS_SILENT });
  const others = await times(3, { key: 'beside', codecs: ['vp9'] });
  const first = await Promise.race([silent, encode({ key: 'beside', codecs: ['vp9'] })]);
  expect([others[0], first.codec]).toEqual(['vp9 key', 'vp9']);
  expect(await silent).toMatchObject({ became: 'pixels' });
});

test('when the program that encodes dies, what was with it is lost, and the next frame is a key frame of another', async () => {
  await times(2, { key: 'lives', codecs: ['vp9'] });
  const order: Order = { key: 'dies', codecs: ['av1', 'vp9'], heightPx: DIES };
  expect(await times(3, order)).toEqual(new Array(3).fill('av1 lost'));
  expect(await times(2, order)).toEqual(['vp9 key', 'vp9 delta']);
  expect(await times(2, { key: 'lives', codecs: ['vp9'] })).toEqual(['vp9 key', 'vp9 delta']);
});
