/** What a supervised server or worker says to its supervisor over the channel between them. */
import type { ChildProcess } from 'node:child_process';

interface ReadyMessage {
  readonly kiln: 'ready';
  /** For people: an address, or what a worker draws with. */
  readonly detail: string;
}

const isReadyMessage = (message: unknown): message is ReadyMessage =>
  typeof message === 'object' &&
  message !== null &&
  'kiln' in message &&
  message.kiln === 'ready' &&
  'detail' in message &&
  typeof message.detail === 'string';

/** In the child: tells the supervisor, when there is one, that this process can be used. */
export function reportReady(detail: string): void {
  process.send?.({ kiln: 'ready', detail } satisfies ReadyMessage);
}

/** In the supervisor: waits for `reportReady` of a child that was just started. */
export function untilReady(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    const listen = (message: unknown) => {
      if (!isReadyMessage(message)) return;
      child.off('message', listen);
      resolve(message.detail);
    };
    child.on('message', listen);
  });
}
