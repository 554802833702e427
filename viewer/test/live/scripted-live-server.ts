/** A server that a live view in a page talks to, and that says whatever the test has it say. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { deflateRawSync } from 'node:zlib';
import {
  depthDifferences,
  encodePicture,
  matches,
  newId,
  type PictureHeader,
  type Pose,
  ViewerHello,
  ViewerMessage,
} from '@kiln/shared';
import { type WebSocket, WebSocketServer } from 'ws';
import { encodePng } from '../fake-farm/png.ts';

export type Colour = readonly [red: number, green: number, blue: number];

/** Of all pictures here. */
export const SIZE = { widthPx: 64, heightPx: 36 };
export const POSE: Pose = { position: [0, 0, 3], quaternion: [0, 0, 0, 1], fovDeg: 40 };
const DEPTH = { widthPx: 32, heightPx: 18, nearestM: 1, farthestM: 4 };
const SESSION = newId('session', (bytes) => bytes);

export const WELCOME = {
  ...{ type: 'welcome', protocol: 1, sessionId: SESSION, resumeToken: 'token', leaseMs: 20_000, resumed: false },
};
export const SCENE = {
  ...{ type: 'scene', bounds: { min: [-1, -1, -1], max: [1, 1, 1] }, cameras: [] },
  autoCamera: { position: POSE.position, target: [0, 0, 0], fovDeg: POSE.fovDeg },
};
export const LIVE = { type: 'state', state: 'live', message: 'Live', progress: null };

export const pngOf = (colour: Colour, { widthPx, heightPx } = SIZE): Buffer =>
  encodePng(
    widthPx,
    heightPx,
    Uint8Array.from({ length: widthPx * heightPx * 3 }, (_, i) => colour[i % 3] ?? 0),
  );

/** Of a wall that fills the picture, `codes.length` depth pixels. */
export const deflatedDepth = (length = DEPTH.widthPx * DEPTH.heightPx): Buffer =>
  deflateRawSync(depthDifferences(new Uint8Array(length).fill(100), DEPTH.widthPx));

export const headerOf = (sequence: number, more: Partial<PictureHeader> = {}): PictureHeader => ({
  ...{ sequence, input: 0, codec: 'png', moving: false, final: true, lastTile: true, better: false, samples: 1 },
  ...{ ...SIZE, tile: { x: 0, y: 0, ...SIZE }, depth: DEPTH, near: 0.1, far: 100, pose: POSE },
  stages: { inputWait: 0, draw: 1, readBack: 1, encode: 1, workerQueue: 0, relay: 0 },
  drawEndMs: Date.now(),
  ...more,
});

export const pictureOf = (colour: Colour, sequence: number, more: Partial<PictureHeader> = {}): Uint8Array =>
  encodePicture(headerOf(sequence, more), pngOf(colour), deflatedDepth());

/** A better part of the picture before. */
export function tileOf(colour: Colour, sequence: number, more: Partial<PictureHeader> = {}): Uint8Array {
  const tile = { x: 0, y: 0, widthPx: 32, heightPx: 36 };
  const header = headerOf(sequence, { better: true, depth: null, tile, ...more });
  return encodePicture(header, pngOf(colour, header.tile));
}

/** One connection of a viewer, after its hello. */
export interface Peer {
  readonly socket: WebSocket;
  /** The bytes below the WebSocket. */
  readonly line: Duplex;
  readonly hello: unknown;
  say(...messages: readonly (object | string | Uint8Array)[]): void;
}

export class ScriptedLiveServer {
  /** What of the viewers' messages is none. */
  readonly invalid: string[] = [];
  readonly peers: Peer[] = [];
  /** Types of what viewers say after their hello. */
  readonly heard: string[] = [];
  /** What becomes of the next viewer. */
  answer: (peer: Peer) => void = () => {};
  readonly #http = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html; charset=utf-8' });
    response.end(isScript ? this.#script : '<!doctype html><script type="module" src="/page.js"></script><body>');
  });
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  readonly #script: string;

  constructor(script: string) {
    this.#script = script;
  }

  async open(): Promise<this> {
    this.#http.on('upgrade', (request, line, head) =>
      this.#sockets.handleUpgrade(request, line, head, (socket) => this.#take(socket, line)),
    );
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/`;
  }

  get peer(): Peer {
    const peer = this.peers.at(-1);
    if (!peer) throw new Error('nobody is here');
    return peer;
  }

  async close(): Promise<void> {
    for (const { socket } of this.peers) socket.terminate();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  /** Welcomes, and answers each pose with a picture of this colour. */
  good = (colour: Colour) => (peer: Peer) => {
    let sequence = 0;
    peer.socket.on('message', (data) => {
      const message: unknown = JSON.parse(String(data));
      if (!matches(ViewerMessage, message) || message.type !== 'pose') return;
      sequence += 1;
      peer.say(pictureOf(colour, sequence, { input: message.input, pose: message.pose }));
    });
    peer.say(WELCOME, SCENE, LIVE);
  };

  #take(socket: WebSocket, line: Duplex): void {
    const say: Peer['say'] = (...messages) => {
      for (const message of messages) {
        const isSaid = typeof message === 'string' || message instanceof Uint8Array;
        if (socket.readyState === socket.OPEN) socket.send(isSaid ? message : JSON.stringify(message));
      }
    };
    socket.on('error', () => {});
    line.on('error', () => {});
    let peer: Peer | null = null;
    socket.on('message', (data) => {
      const text = String(data);
      const message: unknown = JSON.parse(text);
      if (!matches(peer ? ViewerMessage : ViewerHello, message)) this.invalid.push(text.slice(0, 500));
      if (peer) {
        this.heard.push(String(Reflect.get(Object(message), 'type')));
        return;
      }
      peer = { socket, line, hello: message, say };
      this.peers.push(peer);
      this.answer(peer);
    });
  }
}
