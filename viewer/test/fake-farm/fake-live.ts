/** The live sessions of the fake farm: one picture at a time, the latest pose and view, small while moving. */
import {
  encodePicture,
  type LiveView,
  type Pose,
  type TokenAccess,
  type ViewerHello,
  type ViewerMessage,
} from '@kiln/shared';
import type { WebSocket } from 'ws';
import { tracePicture } from './traced-picture.ts';
import { seenAt } from './traced-scene.ts';

export const AUTO_CAMERA = { position: [3.2, 2.4, 5], target: [0, 0.7, 0.4], fovDeg: 38 } as const;
const CAMERAS = [{ name: 'Close', position: [1.6, 1.3, 2.8], target: [0, 0.9, 0], fovDeg: 35 }] as const;

/** Of traced pictures: JavaScript takes half a second for a hundred thousand. */
const MOST_PIXELS = 40_000;

export interface FakeLiveLog {
  /** Every message of every viewer. */
  readonly messages: (ViewerMessage | ViewerHello)[];
  /** Sequence numbers and inputs of pictures that were sent. */
  readonly pictures: { readonly sequence: number; readonly input: number }[];
}

export interface FakeLiveOptions {
  /** While true, nothing is drawn. */
  stalls(): boolean;
  /** Goes into the answers to what is asked about the picture. */
  pickError(): { readonly code: string; readonly message: string } | null;
  /** Whether somebody else looks at each session. */
  isShared(): boolean;
  /** Of whoever comes. */
  access(): TokenAccess;
  /** Infinite: it never is. */
  readonly loadMs: number;
  /** Sent in place of everything, and the socket closed. */
  refuse(): { readonly code: string; readonly message: string; readonly close: number } | null;
}

export function serveLive(socket: WebSocket, log: FakeLiveLog, options: FakeLiveOptions): void {
  const say = (message: object) => socket.send(JSON.stringify(message));
  let view: LiveView | null = null;
  let pose: Pose | null = null;
  let moving = false;
  let input = 0;
  let sequence = 0;
  let acknowledged = 0;
  let answered = -1;
  let busy = false;
  /** As a worker: no picture before the scene is there. */
  let isLoaded = false;

  function draw(): void {
    if (options.stalls() || busy || !isLoaded || !view || !pose || answered === input || sequence - acknowledged >= 2)
      return;
    busy = true;
    setTimeout(() => {
      busy = false;
      if (!view || !pose || socket.readyState !== socket.OPEN) return;
      const shrink =
        Math.min(1, Math.sqrt(MOST_PIXELS / (view.size.widthPx * view.size.heightPx))) * (moving ? 0.5 : 1);
      const size = {
        widthPx: Math.max(16, Math.round(view.size.widthPx * shrink)),
        heightPx: Math.max(16, Math.round(view.size.heightPx * shrink)),
      };
      const startMs = performance.now();
      const { png, depth } = tracePicture(
        pose,
        size,
        view.frameNumber,
        view.exposureEv,
        view.background === 'transparent',
      );
      sequence += 1;
      answered = input;
      log.pictures.push({ sequence, input });
      socket.send(
        encodePicture(
          {
            sequence,
            input,
            codec: 'png',
            moving,
            final: !moving,
            lastTile: true,
            better: false,
            samples: view.samples,
            ...size,
            tile: { x: 0, y: 0, ...size },
            depth: view.depth && depth ? depth.header : null,
            near: 0.1,
            far: 100,
            pose,
            stages: {
              inputWait: 0,
              draw: (performance.now() - startMs) * 1_000,
              readBack: 0,
              encode: 0,
              workerQueue: 0,
              relay: 0,
            },
            drawEndMs: Date.now(),
          },
          png,
          view.depth && depth ? depth.bytes : undefined,
        ),
      );
      draw();
    }, 5);
  }

  /** [LV37] The floor is of no material. */
  function answer({ request, x, y, from }: Extract<ViewerMessage, { type: 'pick' }>): void {
    const seenFrom = from?.pose ?? pose;
    if (!view || !seenFrom) return;
    const hit = seenAt(seenFrom, from?.aspect ?? view.size.widthPx / view.size.heightPx, x, y, view.frameNumber);
    const material =
      hit?.name === 'Floor' ? null : { name: hit?.name === 'Lamp' ? 'Sign' : 'Paint', pointer: '/materials/0' };
    const surface = hit && {
      ...{ node: { name: hit.name, pointer: '/nodes/0' }, material, position: hit.point, normal: hit.normal },
    };
    const error = options.pickError();
    setTimeout(() => say({ type: 'picked', request, ...(error ? { surface: null, error } : { surface }) }), 5);
  }

  function begin(hello: ViewerHello): void {
    view = hello.view;
    const refusal = options.refuse();
    if (refusal) {
      say({ type: 'error', code: refusal.code, message: refusal.message, fatal: true });
      socket.close(refusal.close, refusal.code);
      return;
    }
    say({
      type: 'welcome',
      protocol: 1,
      sessionId: 'ses_00000000000000000000',
      resumeToken: `token-${log.messages.length}`,
      leaseMs: 20_000,
      resumed: hello.resume !== undefined,
      access: options.access(),
    });
    if (options.isShared()) {
      const seat = { label: '', mayDrive: true, asks: false, away: false };
      const viewers = [1, 2].map((id) => ({ ...seat, id, owner: id === 1 }));
      say({ type: 'viewers', you: 1, driver: 1, mayTake: false, input, viewers });
    }
    say({ type: 'state', state: 'finding-worker', message: 'Finding a worker', progress: null });
    say({ type: 'state', state: 'loading-scene', message: 'Loading the scene', progress: 0.6 });
    if (options.loadMs === Number.POSITIVE_INFINITY) return;
    setTimeout(() => {
      if (socket.readyState !== socket.OPEN) return;
      say({
        type: 'scene',
        bounds: { min: [-2, 0, -1], max: [2.3, 2, 2.3] },
        autoCamera: AUTO_CAMERA,
        cameras: CAMERAS,
        clips: [{ name: 'Bounce', durationSec: 2 }],
        variants: ['Beach', 'Street'],
        nodes: ['Floor', 'Ball', 'Ball-2', 'Lamp'],
        materials: ['Paint', 'Sign'],
      });
      say({ type: 'state', state: 'live', message: 'Live', progress: null });
      isLoaded = true;
      draw();
    }, options.loadMs);
  }

  socket.on('message', (data) => {
    const message: unknown = JSON.parse(String(data));
    if (typeof message !== 'object' || message === null || !('type' in message)) return;
    // The viewer under test is typed; this only reads what it says.
    const said = message as ViewerMessage | ViewerHello;
    log.messages.push(said);
    switch (said.type) {
      case 'hello':
        begin(said);
        return;
      case 'pose':
        ({ pose, moving, input } = said);
        break;
      case 'view':
        ({ view, input } = said);
        break;
      case 'ack':
        acknowledged = Math.max(acknowledged, said.picture);
        break;
      case 'pick':
        answer(said);
        return;
      case 'bye':
        say({ type: 'ended', reason: 'bye' });
        socket.close(1000);
        return;
    }
    draw();
  });
}
