import { EventEmitter, getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { PageClient } from '../../src/page-host/page-client.ts';
import { silent } from '../support/silent.ts';

/** A page that answers what the test says. */
class FakePage extends EventEmitter {
  readonly calls: { call: string; id: number; of?: number }[] = [];

  send(text: string): void {
    this.calls.push(JSON.parse(text));
  }

  terminate(): void {}

  say(event: object): void {
    this.emit('message', Buffer.from(JSON.stringify(event)), false);
  }
}

function open() {
  const page = new FakePage();
  const client = new PageClient(silent);
  // What of a socket a client uses.
  client.attach(page as unknown as WebSocket);
  return { page, client };
}

it('leaves the signals of calls that are answered: one may be of many', async () => {
  const { page, client } = open();
  const stop = new AbortController();
  for (let id = 1; id <= 20; id++) {
    const answered = client.call('unload', { sceneHash: 'a' }, { signal: stop.signal, wanted: stop.signal });
    page.say(
      id % 2 === 0 ? { event: 'done', id, result: null } : { event: 'failed', id, code: '', message: '', stack: '' },
    );
    await answered.catch(() => {});
  }
  expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  stop.abort();
  expect(page.calls.map(({ call }) => call)).toEqual(Array.from({ length: 20 }, () => 'unload'));
});

it('tells the page of a call under way that nobody wants it, and leaves the signal when the page is lost', async () => {
  const { page, client } = open();
  const [stop, other] = [new AbortController(), new AbortController()];
  const calls = [stop, other].map(({ signal }) => client.call('unload', { sceneHash: 'a' }, { signal }));
  stop.abort();
  expect(page.calls.at(-1)).toMatchObject({ call: 'stop', of: 1 });
  page.emit('close');
  await expect(Promise.allSettled(calls)).resolves.toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
  expect(getEventListeners(other.signal, 'abort')).toEqual([]);
});
