import { type PageCall, type PageEvent, SOCKET_ROUTE } from './contract.ts';

/** The page's end of the socket to its worker's Node process. */
export class Connection {
  readonly #socket: WebSocket;

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

  /** Sends text, or with `bytes` the binary form: u32 length of the JSON (little-endian), the JSON, the bytes. */
  send(event: PageEvent, bytes?: ArrayBuffer): void {
    const json = JSON.stringify(event);
    if (!bytes) {
      this.#socket.send(json);
      return;
    }
    const text = new TextEncoder().encode(json);
    const message = new Uint8Array(4 + text.length + bytes.byteLength);
    new DataView(message.buffer).setUint32(0, text.length, true);
    message.set(text, 4);
    message.set(new Uint8Array(bytes), 4 + text.length);
    this.#socket.send(message);
  }
}
