/** Replays a recorded session, byte for byte, to a live view in a page, and takes its pictures. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { decodePicture, newId, type PictureHeader } from '@kiln/shared';
import type { PictureMeasure } from '../../src/live/measurements.ts';
import { startChromium } from '../chromium.ts';
import { scriptOf } from '../script.ts';
import type { Likeness } from './recorded-session-page.ts';
import { type Peer, ScriptedLiveServer } from './scripted-live-server.ts';

const at = (name: string) => fileURLToPath(new URL(`recorded/${name}`, import.meta.url));
const HANGS_MS = 60_000;

/** `moving`: a picture of another pose, warped; `still`: the whole one at rest; `final`: its last pixels, as they were sent. */
export const GOLDENS = ['moving', 'still', 'final'] as const;
export type Golden = (typeof GOLDENS)[number];
export const goldenPath = (golden: Golden): string => at(`${golden}.png`);

interface Recorded {
  readonly said: string | Uint8Array;
  /** Of a picture. */
  readonly header: PictureHeader | null;
}

/** As `infra/sample/make-live-recording.ts` writes them. */
export function readRecording(): Recorded[] {
  const bytes = readFileSync(at('session.bin'));
  const messages: Recorded[] = [];
  for (let from = 0; from < bytes.length; ) {
    const length = bytes.readUInt32LE(from + 1);
    const said = bytes.subarray(from + 5, from + 5 + length);
    const isPicture = bytes[from] === 1;
    messages.push(isPicture ? { said, header: decodePicture(said).header } : { said: said.toString(), header: null });
    from += 5 + length;
  }
  return messages;
}

export interface Replayed {
  /** PNGs as base64. */
  readonly pictures: Readonly<Record<Golden, string>>;
  readonly measures: readonly PictureMeasure[];
  likeness(one: string, other: string): Promise<Likeness>;
}

/** @param take gets what came of it, while the page is still there. */
export async function replay<T>(take: (replayed: Replayed) => Promise<T>): Promise<T> {
  const script = await scriptOf(fileURLToPath(new URL('recorded-session-page.ts', import.meta.url)));
  const server = await new ScriptedLiveServer(script).open();
  const chromium = await startChromium();
  try {
    const page = await chromium.browser.newPage();
    // A new picture takes the place of the one before at once.
    await page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
    const hasCome = new Promise<Peer>((resolve) => {
      server.answer = resolve;
    });
    await page.goto(server.url);
    await page.waitForFunction('window.openReplay !== undefined');
    const look = { samples: 4, clip: null, fps: 24, toneMapping: 'neutral', exposureEv: 0, background: 'neutral' };
    await page.evaluate(`openReplay('${newId('scene', (bytes) => bytes)}', ${JSON.stringify(look)})`);
    const peer = await hasCome;
    const pictures: Partial<Record<Golden, string>> = {};
    const keep = async (golden: Golden, what: 'canvas' | 'picture') => {
      pictures[golden] = await (page.evaluate(`replay.${what}()`) as Promise<string>);
    };
    for (const { said, header } of readRecording()) {
      peer.say(said);
      if (!header?.lastTile) continue;
      await page.waitForFunction(`replay.measures.at(-1)?.sequence === ${header.sequence}`, { timeout: HANGS_MS });
      await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
      if (header.moving) await keep('moving', 'canvas');
      else if (!header.better) await keep('still', 'canvas');
      else if (header.final) await keep('final', 'picture');
    }
    const { moving, still, final } = pictures;
    if (!moving || !still || !final) throw new Error('the recording has not all of its pictures');
    const measures = (await page.evaluate('replay.measures')) as PictureMeasure[];
    const likeness: Replayed['likeness'] = (one, other) =>
      page.evaluate(`likeness('${one}', '${other}')`) as Promise<Likeness>;
    return await take({ pictures: { moving, still, final }, measures, likeness });
  } finally {
    await chromium.close();
    await server.close();
  }
}
