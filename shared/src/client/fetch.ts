/** What the client needs of `fetch`: the part that browsers and Node share, in types of neither. */

export interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly credentials?: 'include' | 'omit' | 'same-origin';
}

export interface FetchResponse {
  readonly ok: boolean;
  readonly status: number;
  text(): Promise<string>;
}

/** To give up after a time, or when asked to, wrap it: `(url, init) => fetch(url, { ...init, signal })`. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>;
