/**
 * A remote view that looks at a session of somebody else, whose server says who has the camera.
 *
 * @module-tag heavy
 */
import { fileURLToPath } from 'node:url';
import { newId, type Pose } from '@kiln/shared';
import type { Page } from 'puppeteer';
import { expect, test } from 'vitest';
import { startChromium } from '../chromium.ts';
import { LIVE, type Peer, POSE, pictureOf, SCENE, ScriptedLiveServer, WELCOME } from '../live/scripted-live-server.ts';
import { scriptOf } from '../script.ts';

/** Ends what hangs; no measurement. */
const WAIT = { timeout: 90_000 };
const SESSION = newId('session', (bytes) => bytes.fill(1));
const seat = (id: number) => ({
  ...{ id, label: `Viewer ${id}`, owner: id === 1, mayDrive: true, asks: false, away: false },
});
const viewers = (driver: number) => ({
  ...{ type: 'viewers', you: 2, driver, mayTake: false, input: 7, viewers: [seat(1), seat(2)] },
});

async function visit(work: (page: Page, server: ScriptedLiveServer) => Promise<void>): Promise<void> {
  const script = await scriptOf(fileURLToPath(new URL('view-page.ts', import.meta.url)));
  const server = await new ScriptedLiveServer(script).open();
  const chromium = await startChromium();
  try {
    const page = await chromium.browser.newPage();
    page.setDefaultTimeout(WAIT.timeout);
    await page.goto(server.url);
    await page.waitForFunction('window.openView !== undefined');
    await work(page, server);
    expect(server.invalid).toEqual([]);
  } finally {
    await chromium.close();
    await server.close();
  }
}

test('[LV31, LV33, LV34] sees what the driver sees, sends nothing, asks for the camera, and drives when it has it', async () => {
  await visit(async (page, server) => {
    const said: Record<string, unknown>[] = [];
    server.answer = (peer: Peer) => {
      peer.socket.on('message', (data) => said.push(JSON.parse(String(data))));
      peer.say(WELCOME, SCENE, LIVE, viewers(1), { type: 'driver-pose', pose: POSE, moving: false });
      peer.say(pictureOf([250, 0, 0], 1));
    };
    await page.evaluate(`openView('${newId('scene', (bytes) => bytes)}', 'webgl', '${SESSION}')`);
    await page.waitForFunction('host.view.loaded');
    expect(server.peer.hello).toMatchObject({ join: { sessionId: SESSION } });
    const place = () => page.evaluate('[...host.camera.position.toArray(), host.camera.fov]') as Promise<number[]>;
    const isAt = ({ position, fovDeg }: Pose) =>
      expect.poll(place, WAIT).toEqual([...position, fovDeg].map((value) => expect.closeTo(value, 5)));
    await isAt(POSE);
    const [red = 0, , blue = 0] = (await page.evaluate('host.middle()')) as number[];
    expect(red).toBeGreaterThan(2 * blue);
    expect(await page.evaluate('[host.view.drives, host.view.audience.driver]')).toEqual([false, 1]);
    const moved: Pose = { ...POSE, position: [1, 0.5, 4] };
    server.peer.say({ type: 'driver-pose', pose: moved, moving: true });
    await isAt(moved);
    expect(said.filter(({ type }) => type === 'pose' || type === 'view')).toEqual([]);

    await page.evaluate('host.view.requestCamera()');
    await expect.poll(() => said.at(-1), WAIT).toEqual({ type: 'camera', action: 'request' });
    server.peer.say(viewers(2));
    await page.waitForFunction('host.view.drives');
    // The host has its camera again, where the driver's was.
    await page.evaluate('host.camera.position.x = 2');
    const sent = () => said.filter(({ type }) => type === 'pose').at(-1);
    await expect.poll(sent, WAIT).toMatchObject({ pose: { position: [2, 0.5, 4] } });
    expect(sent()?.input).toBeGreaterThan(7);
    expect(await page.evaluate(`host.heard.filter((name) => name === 'audience').length`)).toBe(2);
  });
});

test('[LV26, LV34] drives with the host’s camera, whatever camera of the scene the driver before it looked from', async () => {
  await visit(async (page, server) => {
    const said: Record<string, unknown>[] = [];
    const look = { samples: 1, clip: null, fps: 24, toneMapping: 'neutral', exposureEv: 1, background: 'neutral' };
    const view = { ...look, size: { widthPx: 64, heightPx: 36 }, frameNumber: 0, camera: 'Door' };
    server.answer = (peer: Peer) => {
      peer.socket.on('message', (data) => said.push(JSON.parse(String(data))));
      peer.say(WELCOME, SCENE, LIVE, viewers(1), { type: 'driver-view', view }, pictureOf([250, 0, 0], 1));
    };
    await page.evaluate(`openView('${newId('scene', (bytes) => bytes)}', 'webgl', '${SESSION}')`);
    await page.waitForFunction('host.view.loaded');
    expect(await page.evaluate('host.view.look.camera')).toBe('Door');
    server.peer.say(viewers(2));
    await page.waitForFunction('host.view.drives');
    const shown = () => said.filter(({ type }) => type === 'view').at(-1)?.view as Record<string, unknown>;
    await expect.poll(shown, WAIT).toMatchObject({ exposureEv: 1 });
    expect(shown()).not.toHaveProperty('camera');
  });
});
