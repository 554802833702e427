/** [LV41] Who joins a live view late takes nothing from those who look already: on a real farm. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  API_PREFIX,
  decodePicture,
  isWholePicture,
  type LiveView,
  type Picture,
  type PictureCodec,
} from '@kiln/shared';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { startTrialFarm, type TrialFarm } from '../../src/trial/trial-farm.ts';
import { kiln } from './support/kiln.ts';
import { until } from './support/processes.ts';
import { boxScene } from './support/scenes.ts';

/** Ends what hangs; no measurement. */
const HANGS_MS = 400_000;
vi.setConfig({ testTimeout: HANGS_MS, hookTimeout: HANGS_MS });

const SIZE = { widthPx: 300, heightPx: 200 };
const SAMPLES = 96;
const VIEW: LiveView = {
  ...{ samples: SAMPLES, clip: null, fps: 24, toneMapping: 'neutral', exposureEv: 0, background: 'environment' },
  ...{ size: SIZE, frameNumber: 0, camera: 'auto', tiles: true, depth: true, engine: 'pathtrace', bounces: 2 },
};

let farm: TrialFarm;
let sceneId: string;
let viewers: Viewer[] = [];

beforeAll(async () => {
  farm = await startTrialFarm({ env: { KILN_WORKERS: '1' } });
  const path = join(farm.home, 'box.glb');
  await writeFile(path, boxScene([1, 0.5, 0]));
  sceneId = JSON.parse((await kiln(farm, 'scene', 'add', path, '--json')).stdout).id;
});
afterEach(() => {
  for (const viewer of viewers) viewer.leave();
  viewers = [];
});
afterAll(() => farm?.remove());

/** Acknowledges what comes, and puts it together as a screen does. */
class Viewer {
  readonly pictures: Picture[] = [];
  sessionId = '';
  readonly #socket: WebSocket;

  constructor(codecs: readonly PictureCodec[], sessionId: string | null = null) {
    viewers.push(this);
    const headers = { authorization: `Bearer ${farm.credentials.apiKey}` };
    this.#socket = new WebSocket(`${farm.url.replace('http', 'ws')}${API_PREFIX}/live`, { headers });
    this.#socket.on('open', () => {
      const join = sessionId === null ? {} : { join: { sessionId } };
      this.#say({ type: 'hello', protocols: [1], sceneId, view: VIEW, codecs, ...join });
    });
    this.#socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) {
        const message = JSON.parse(data.toString());
        if (message.type === 'welcome') this.sessionId = message.sessionId;
        return;
      }
      const picture = decodePicture(data);
      this.pictures.push(picture);
      const { sequence, lastTile } = picture.header;
      if (lastTile) this.#say({ type: 'ack', picture: sequence, decodeMs: 1, uploadMs: 1 });
    });
  }

  get samples(): number[] {
    return this.pictures.map(({ header }) => header.samples);
  }

  get wholes(): Picture[] {
    return this.pictures.filter(({ header }) => isWholePicture(header));
  }

  get isFinal(): boolean {
    return this.pictures.at(-1)?.header.final === true;
  }

  leave(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#say({ type: 'bye' });
    this.#socket.close();
  }

  #say(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  async pixels(): Promise<Buffer> {
    const canvas = Buffer.alloc(SIZE.widthPx * SIZE.heightPx * 3);
    for (const { header, colour } of this.pictures) {
      const { x, y, widthPx, heightPx } = header.tile;
      const tile = await sharp(colour).removeAlpha().raw().toBuffer();
      for (let row = 0; row < heightPx; row += 1) {
        const from = row * widthPx * 3;
        tile.copy(canvas, ((y + row) * SIZE.widthPx + x) * 3, from, from + widthPx * 3);
      }
    }
    return canvas;
  }
}

test('gets the picture at the count that it has, and no count ever falls', async () => {
  const driver = new Viewer(['vp9', 'webp', 'jpeg', 'png']);
  await until(async () => (driver.samples.at(-1) ?? 0) >= 4);
  const seen = driver.pictures.length;

  // It reads less than the driver: pictures go on in what both read.
  const early = new Viewer(['jpeg', 'png'], driver.sessionId);
  await until(async () => driver.isFinal && early.isFinal);
  const late = new Viewer(['webp', 'png'], driver.sessionId);
  await until(async () => late.isFinal);

  expect(driver.wholes).toHaveLength(1);
  expect(driver.pictures.slice(seen).every(({ header }) => header.better)).toBe(true);
  expect(early.pictures[0]?.header).toMatchObject({ catchUp: true, better: false });
  expect(early.samples[0]).toBeGreaterThanOrEqual(4);
  expect(early.pictures[0]?.depth.length).toBeGreaterThan(0);
  for (const { samples } of viewers) expect(samples).toEqual(samples.toSorted((a, b) => a - b));
  expect(late.pictures.map(({ header }) => [header.catchUp, header.samples, header.codec])).toEqual([
    [true, SAMPLES, 'png'],
  ]);
  const shown = await driver.pixels();
  expect((await early.pixels()).equals(shown)).toBe(true);
  expect((await late.pixels()).equals(shown)).toBe(true);
});
