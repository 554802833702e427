/**
 * Records what a server says to a viewer of the sample scene: a picture that moves, with depth, and one at rest that gets better
 * until it is final. The viewer's tests replay it. Run: `node --import tsx infra/sample/make-live-recording.ts`.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  apiUrls,
  decodePicture,
  LIVE_PROTOCOLS,
  type LiveView,
  poseOf,
  readServerMessage,
  type Scene,
  type ViewerHello,
  type ViewerMessage,
} from '@kiln/shared';
import { WebSocket } from 'ws';
import { REPOSITORY } from '../src/repository.ts';
import { startTrialFarm } from '../src/trial/trial-farm.ts';

const FILE = join(REPOSITORY, 'viewer', 'test', 'live', 'recorded', 'session.bin');
const VIEW: LiveView = {
  ...{ samples: 4, clip: null, fps: 24, toneMapping: 'neutral', exposureEv: 0, background: 'neutral' },
  ...{ size: { widthPx: 288, heightPx: 162 }, frameNumber: 0, depth: true, tiles: true },
};
/** Of the first picture, from where the last one is seen: the viewer warps it. */
const TURN_RAD = 0.07;

/** Each message as a byte, 0 a text and 1 a picture; its length in four, little-endian; and itself. */
function entry(isBinary: boolean, bytes: Uint8Array): Uint8Array {
  const head = Buffer.alloc(5);
  head.writeUInt8(isBinary ? 1 : 0);
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function record(url: string, apiKey: string, sceneId: string): Promise<Uint8Array[]> {
  const entries: Uint8Array[] = [];
  const socket = new WebSocket(apiUrls(url).live, { headers: { authorization: `Bearer ${apiKey}` } });
  const say = (message: ViewerMessage | ViewerHello) => socket.send(JSON.stringify(message));
  let atRest: ViewerMessage | null = null;
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', (code, reason) => reject(new Error(`the session ended too early: ${code} ${reason}`)));
    socket.on('open', () =>
      say({ type: 'hello', protocols: [...LIVE_PROTOCOLS], sceneId, view: VIEW, codecs: ['jpeg', 'webp', 'png'] }),
    );
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) {
        entries.push(entry(true, data));
        const { sequence, lastTile, final } = decodePicture(data).header;
        if (lastTile) say({ type: 'ack', picture: sequence, decodeMs: 1, uploadMs: 1 });
        if (atRest) say(atRest);
        atRest = null;
        if (final && lastTile) {
          say({ type: 'bye' });
          resolve(entries);
        }
        return;
      }
      const message = readServerMessage(data.toString());
      if (message?.type === 'welcome') message.resumeToken = 'recorded';
      entries.push(entry(false, Buffer.from(JSON.stringify(message))));
      if (message?.type !== 'scene') return;
      const { position, target, fovDeg } = message.autoCamera;
      const [x, z] = [position[0] - target[0], position[2] - target[2]];
      const [cos, sin] = [Math.cos(TURN_RAD), Math.sin(TURN_RAD)];
      const turned: typeof position = [target[0] + x * cos + z * sin, position[1], target[2] + z * cos - x * sin];
      const pose = (from: typeof position) => poseOf({ atMs: 0, position: from, target, fovDeg });
      say({ type: 'pose', input: 1, pose: pose(turned), moving: true });
      atRest = { type: 'pose', input: 2, pose: pose(position), moving: false };
    });
  });
}

/** A new farm has one, and imports it first. */
async function readySample(): Promise<Scene> {
  for (;;) {
    const { items } = await farm.client.listScenes({ query: {} });
    const [sample] = items;
    if (sample?.state === 'ready') return sample;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const farm = await startTrialFarm();
try {
  const sample = await readySample();
  const bytes = Buffer.concat(await record(farm.url, farm.credentials.apiKey, sample.id));
  writeFileSync(FILE, bytes);
  console.log(`${FILE}: ${bytes.length} bytes`);
} finally {
  await farm.remove();
}
