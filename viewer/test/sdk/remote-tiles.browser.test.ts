/** A remote view takes tiles: a recorded session, whose picture at rest gets better, is replayed to it. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { newId } from '@kiln/shared';
import { expect, type TestContext, test } from 'vitest';
import { startChromium } from '../chromium.ts';
import { goldenPath, readRecording } from '../live/recorded-session.ts';
import { type Peer, ScriptedLiveServer } from '../live/scripted-live-server.ts';
import { scriptOf } from '../script.ts';
import type { Draws } from './tiles-page.ts';

/** Ends what hangs; no measurement. */
const HANGS_MS = 90_000;
const DRAWS: readonly Draws[] = ['WebGL', 'nodes, WebGPU'];
const RARER_DRAWS: readonly Draws[] = ['nodes, WebGL'];
/** To the renderer's linear colours and back: of half floats, by `WebGPURenderer`. */
const ROUNDED = 1;

const TITLE = '[LV30] with %s, what tiles have made of a picture at rest is the last picture, pixel for pixel';
test.for(DRAWS)(TITLE, becomesTheLast);
test.for(RARER_DRAWS)(TITLE, { tags: ['heavy'] }, becomesTheLast);

async function becomesTheLast(draws: Draws, { skip }: Pick<TestContext, 'skip'>): Promise<void> {
  const script = await scriptOf(fileURLToPath(new URL('tiles-page.ts', import.meta.url)));
  const server = await new ScriptedLiveServer(script).open();
  const chromium = await startChromium(['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']);
  try {
    const page = await chromium.browser.newPage();
    page.setDefaultTimeout(HANGS_MS);
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    // A new picture takes the place of the one before at once.
    await page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
    const hasCome = new Promise<Peer>((resolve) => {
      server.answer = resolve;
    });
    await page.goto(server.url);
    await page.waitForFunction('window.openTiles !== undefined');
    const recording = readRecording();
    const last = recording.at(-1)?.header;
    if (!last) throw new Error('the recording ends with a picture');
    const order = [draws, newId('scene', (bytes) => bytes), last.pose, last];
    const found = await page.evaluate(`openTiles(...${JSON.stringify(order)})`);
    // A browser may be without WebGPU.
    if (found !== draws) skip(`it draws with ${found}`);
    const peer = await hasCome;
    expect(peer.hello).toMatchObject({ view: { tiles: true, depth: true, samples: 4 } });
    const golden = readFileSync(goldenPath('final')).toString('base64');
    const apart = async () => {
      await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
      return (await page.evaluate(`tiles.apartFrom('${golden}')`)) as number;
    };
    for (const { said, header } of recording) {
      peer.say(said);
      if (!header?.lastTile) continue;
      await page.waitForFunction(`tiles.measures.at(-1)?.sequence === ${header.sequence}`);
      // The whole picture that they begin with is another one.
      if (!header.moving && !header.better) expect(await apart()).toBeGreaterThan(10 * ROUNDED);
    }
    expect(await apart()).toBeLessThanOrEqual(ROUNDED);
    expect(await page.evaluate('tiles.measures.at(-1)')).toMatchObject({ final: true, samples: 4, codec: 'png' });
    expect(await page.evaluate('tiles.errors')).toEqual([]);
    expect(server.invalid).toEqual([]);
    expect(complaints).toEqual([]);
  } finally {
    await chromium.close();
    await server.close();
  }
}
