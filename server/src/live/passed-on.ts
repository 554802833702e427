/** A viewer, or a worker, whose session another server holds ([LV31, LV42]): what both say is passed on, no faster than either reads. */
import type { IncomingHttpHeaders } from 'node:http';
import {
  API_PREFIX,
  KilnError,
  LIMITS,
  ROUTES,
  readAnswer,
  type ViewerHello,
  type ViewJob,
  type ViewJobRequest,
  type WorkerHello,
} from '@kiln/shared';
import { type RawData, WebSocket } from 'ws';
import { LIVE_LIMITS } from '../dispatch/limits.ts';
import { closeWith, resumeHeld } from '../events/socket-peer.ts';

/** Says that another server has passed the viewer on: it is not passed on again. */
const MARK = 'x-kiln-passed-on';

export const isPassedOn = (headers: IncomingHttpHeaders): boolean => headers[MARK] !== undefined;

interface PassedOn {
  readonly hello: ViewerHello | WorkerHello;
  readonly serverUrl: string;
  /** Of its socket. */
  readonly path: string;
  /** By which the viewer, or worker, came. */
  readonly headers: IncomingHttpHeaders;
  /** It came from a page of the farm's own. */
  readonly isOwnPage: boolean;
}

/** @returns false where the other server is not reached: the viewer has heard nothing then. */
export function passOn(viewer: WebSocket, { hello, serverUrl, path, headers, isOwnPage }: PassedOn): Promise<boolean> {
  const { authorization, cookie, origin } = headers;
  const there = new WebSocket(`${serverUrl.replace(/^http/, 'ws')}${API_PREFIX}${path}`, {
    headers: {
      [MARK]: '1',
      ...(authorization === undefined ? {} : { authorization }),
      ...(cookie === undefined ? {} : { cookie }),
      // What is the farm's own page here is the farm's own there.
      ...(origin === undefined ? {} : { origin: isOwnPage ? new URL(serverUrl).origin : origin }),
    },
    perMessageDeflate: false,
    maxPayload: LIMITS.livePictureBytes,
    handshakeTimeout: LIVE_LIMITS.passOnMs,
  });
  let isReached = false;
  const reached = new Promise<boolean>((resolve) => {
    there.once('open', () => {
      isReached = true;
      resolve(true);
    });
    // Nothing is left to be done for one who has gone.
    there.once('close', () => resolve(viewer.readyState !== viewer.OPEN));
  });
  there.once('open', () => {
    there.send(JSON.stringify(hello));
    carry(viewer, there);
    carry(there, viewer);
    resumeHeld(viewer);
  });
  // The close that follows says it all.
  there.on('error', () => {});
  there.once('close', (code, reason) => {
    if (!isReached) return;
    if (isSayable(code)) viewer.close(code, reason);
    else closeWith(viewer, new KilnError('server.draining', 'the server that holds this live view is not reached'));
    viewer.resume();
  });
  viewer.once('close', (code, reason) => {
    if (there.readyState === there.OPEN && isSayable(code)) there.close(code, reason);
    else there.terminate();
    there.resume();
  });
  return reached;
}

interface PassedRequest {
  /** Where the other server is reached. */
  readonly serverUrl: string;
  readonly name: 'renderSession';
  readonly sessionId: string;
  readonly request: ViewJobRequest;
  readonly headers: IncomingHttpHeaders;
  readonly timeoutMs: number;
}

/** Has another server answer a request about a session that it holds. @throws KilnError what that says. */
export async function passRequestOn(passed: PassedRequest): Promise<ViewJob> {
  const { serverUrl, name, sessionId, request, timeoutMs } = passed;
  const { authorization, cookie } = passed.headers;
  const { method, path, response } = ROUTES[name];
  const answer = await fetch(`${serverUrl}${API_PREFIX}${path.replace(':sessionId', sessionId)}`, {
    method,
    headers: {
      [MARK]: '1',
      'content-type': 'application/json',
      ...(authorization === undefined ? {} : { authorization }),
      ...(cookie === undefined ? {} : { cookie }),
    },
    body: JSON.stringify(request),
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((cause: unknown) => {
    throw new KilnError('server.draining', 'the server that holds this live view is not reached', { cause });
  });
  return readAnswer(answer, response, 'the server that holds this live view', []);
}

/** Reads no more while the other side has not taken what went before. */
function carry(from: WebSocket, to: WebSocket): void {
  from.on('message', (data: RawData, isBinary: boolean) => {
    if (to.readyState !== to.OPEN) return;
    to.send(data, { binary: isBinary }, () => {
      if (from.isPaused && to.bufferedAmount <= LIVE_LIMITS.pictureBufferBytes) from.resume();
    });
    if (to.bufferedAmount > LIVE_LIMITS.pictureBufferBytes) from.pause();
  });
}

/** Others stand for a loss, and cannot be sent. */
const isSayable = (code: number): boolean => code === 1000 || (code >= 1007 && code <= 1014) || code >= 3000;
