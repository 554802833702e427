/** Why whoever is at a live session is sent away. */
import { KilnError } from '@kiln/shared';
import type { WebSocket } from 'ws';

export const over = () => new KilnError('live.session_gone', 'the session has ended');

export const stops = () => new KilnError('server.draining', 'the server stops; the view connects again');

/** [LV42] */
export const moved = () =>
  new KilnError('server.draining', '[LV42] the live view goes on at another server; come back');

/** [LV16] A browser hears more than a close code. */
export function tellWhy(socket: WebSocket, { code, message }: KilnError): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify({ type: 'error', code, message, fatal: true }));
}
