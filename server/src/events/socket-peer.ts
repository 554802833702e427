/** What every socket of this server has: a hello in time, a pulse, and a close that says why. */
import type { IncomingMessage } from 'node:http';
import { KilnError, LIMITS, matches } from '@kiln/shared';
import type { Static, TSchema } from 'typebox';
import type { RawData, WebSocket } from 'ws';
import { SOCKET_LIMITS } from '../dispatch/limits.ts';
import type { FailureCount } from '../services.ts';

/** [WS6] Closes with the error's close code and its code as the reason. */
export function closeWith(socket: WebSocket, error: KilnError): void {
  if (socket.readyState === socket.OPEN || socket.readyState === socket.CONNECTING) {
    socket.close(error.close, error.code);
    // One that waits since its hello would not read the other side's goodbye, and stay half closed for 30 s.
    socket.resume();
  }
}

export const NO_IDENTITY = 'no valid API key or sign-in came with the upgrade';

/** [WS1] Counts one that came without a valid identity. @returns why it is closed. */
export function strangerError(failures: FailureCount, request: IncomingMessage, message: string): KilnError {
  const from = request.socket.remoteAddress ?? '';
  failures.failed(from);
  const waitSec = Math.ceil(failures.waitMs(from) / 1_000);
  return waitSec === 0
    ? new KilnError('identity.missing', `[WS1] ${message}`)
    : new KilnError('request.too_many', `too many failed attempts from this address: try again in ${waitSec} s`);
}

/** [WS7] Pings; ends the socket without a goodbye when no pong comes. */
export function keepPulse(socket: WebSocket): void {
  let heardAt = performance.now();
  socket.on('pong', () => {
    heardAt = performance.now();
  });
  const timer = setInterval(() => {
    if (performance.now() - heardAt > SOCKET_LIMITS.pulseLostMs) socket.terminate();
    else if (socket.readyState === socket.OPEN) socket.ping();
  }, SOCKET_LIMITS.pingMs);
  socket.once('close', () => clearInterval(timer));
}

/** A message as bytes; fragments are joined. */
export function bytesOf(data: RawData): Uint8Array {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : new Uint8Array(data);
}

/**
 * [WS4] Reads a control message.
 *
 * @param maxBytes of its text.
 * @throws KilnError `protocol.too_large`, `protocol.violation`.
 */
export function readControl<T extends TSchema>(
  schema: T,
  data: RawData,
  what: string,
  maxBytes: number = LIMITS.liveControlBytes,
): Static<T> {
  const bytes = bytesOf(data);
  if (bytes.length > maxBytes) {
    throw new KilnError(
      'protocol.too_large',
      `[WS4] a control message has at most ${maxBytes} bytes, got ${bytes.length}`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch (cause) {
    throw new KilnError('protocol.violation', `[WS4] expected ${what} as JSON`, { cause });
  }
  if (!matches(schema, value)) throw new KilnError('protocol.violation', `[WS4] expected ${what}`);
  return value;
}

/**
 * [WS2] Waits for the opener's first message. Its listener is there before this returns, so nothing is missed. Reading
 * stops after the hello, and what came with it is held, until the caller has its own listener and calls `resumeHeld`.
 *
 * @throws KilnError `protocol.violation` when anything else comes, or nothing in time, or the socket closes.
 */
export function hello<T extends TSchema>(socket: WebSocket, schema: T, what: string): Promise<Static<T>> {
  return new Promise((resolve, reject) => {
    const settle = (action: () => void) => {
      clearTimeout(timer);
      socket.off('message', onMessage);
      socket.off('close', onClose);
      action();
    };
    const timer = setTimeout(() => {
      settle(() => reject(new KilnError('protocol.violation', `[WS2] no hello came in ${SOCKET_LIMITS.helloMs} ms`)));
    }, SOCKET_LIMITS.helloMs);
    const onClose = () => settle(() => reject(new KilnError('protocol.violation', '[WS2] closed before its hello')));
    const onMessage = (data: RawData, isBinary: boolean) =>
      settle(() => {
        try {
          if (isBinary) throw new KilnError('protocol.violation', '[WS2] the hello is text');
          const message = readControl(schema, data, what);
          hold(socket);
          if (socket.readyState === socket.OPEN) socket.pause();
          resolve(message);
        } catch (error) {
          reject(error);
        }
      });
    socket.on('message', onMessage);
    socket.on('close', onClose);
  });
}

interface Held {
  readonly messages: { readonly data: RawData; readonly isBinary: boolean }[];
  readonly listener: (data: RawData, isBinary: boolean) => void;
}

const heldOf = new WeakMap<WebSocket, Held>();

/** A paused socket still hands out the messages of the packet that it has read. */
function hold(socket: WebSocket): void {
  const messages: Held['messages'] = [];
  const listener: Held['listener'] = (data, isBinary) => {
    messages.push({ data, isBinary });
    if (messages.length <= SOCKET_LIMITS.heldMessages) return;
    socket.off('message', listener);
    closeWith(socket, new KilnError('protocol.violation', '[WS2] too much came before the answer to the hello'));
  };
  heldOf.set(socket, { messages, listener });
  socket.on('message', listener);
}

/** Hands what came since the hello to the listeners that are there now, in order, and reads on. */
export function resumeHeld(socket: WebSocket): void {
  const held = heldOf.get(socket);
  if (held !== undefined) {
    heldOf.delete(socket);
    socket.off('message', held.listener);
    for (const { data, isBinary } of held.messages) socket.emit('message', data, isBinary);
  }
  socket.resume();
}

/**
 * [WS3] The newest version that both speak.
 *
 * @throws KilnError `protocol.version`
 */
export function agreeOnVersion(spoken: readonly number[], offered: readonly number[]): number {
  const version = spoken.find((candidate) => offered.includes(candidate));
  if (version !== undefined) return version;
  throw new KilnError(
    'protocol.version',
    `[WS3] this server speaks version ${spoken.join(', ')}, the other side ${offered.join(', ')}`,
  );
}
