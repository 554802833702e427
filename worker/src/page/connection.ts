import { type PageCall, type PageEvent, SOCKET_ROUTE } from './contract.ts';
import { PAGE_LIMITS } from './limits.ts';

/** The page's end of the socket to its worker's Node process. */
export class Connection {
  readonly #socket: WebSocket;
  /** Where messages are put together: the socket copies what it is given. */
  readonly #message = new Uint8Array(PAGE_LIMITS.messageBufferBytes);

  private constructor(socket: WebSocket, onCall: (call: PageCall) => void) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }: MessageEvent<string>) => {
      const call: PageCall = JSON.parse(data);
      onCall(call);
    });
  }

  static open(onCall: (call: PageCall) => void): Promise<Connection> {
    const socket = new WebSocket(`ws://${location.host}${SOCKET_ROUTE}`);
    return new Promise((resolve, reject) => {
      socket.addEventListener('open', () => resolve(new Connection(socket, onCall)));
      socket.addEventListener('error', () => reject(new Error('the socket to the worker does not open')));
    });
  }

  /**
   * Sends text, or with `bytes` the binary form: u32 length of the JSON (little-endian), the JSON, the bytes. Those are
   * freed at once: the collector lets dozens of megabytes of them lie.
   */
  send(event: PageEvent, bytes?: ArrayBuffer): void {
    const json = JSON.stringify(event);
    if (!bytes) {
      this.#socket.send(json);
      return;
    }
    const text = new TextEncoder().encode(json);
    const sizeBytes = 4 + text.length + bytes.byteLength;
    const isSmall = sizeBytes <= this.#message.length;
    const message = isSmall ? this.#message.subarray(0, sizeBytes) : new Uint8Array(sizeBytes);
    new DataView(message.buffer).setUint32(0, text.length, true);
    message.set(text, 4);
    message.set(new Uint8Array(bytes), 4 + text.length);
    this.#socket.send(message);
    bytes.transfer(0);
  }
}
