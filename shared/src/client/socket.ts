/** What the clients need of a WebSocket and of timers: the part that browsers and the package `ws` share. */

export interface SocketLike {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { readonly code: number; readonly reason: string }) => void): void;
  addEventListener(type: 'error', listener: (event: { readonly message?: string }) => void): void;
}

/** A browser's constructor takes no third argument and ignores it; the one of `ws` sends its headers. */
export type SocketConstructor = new (
  url: string,
  protocols: string[],
  options?: { readonly headers?: Record<string, string> },
) => SocketLike;

/** Runs `action` after a time and gives back what cancels it: `setTimeout` and `clearTimeout` in one. */
export type SetTimer = (action: () => void, afterMs: number) => () => void;
