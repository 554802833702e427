/** Who is signed in. The cookie is HttpOnly: only the farm knows whether it is good. */
import { type Client, KilnError, type Me } from '@kiln/shared';
import { type ReadonlySignal, signal } from '@preact/signals';

type SessionState =
  | { readonly state: 'checking' }
  | { readonly state: 'signed-in'; readonly me: Me }
  /** `problem`: why an attempt to sign in failed; null when there was none. */
  | { readonly state: 'signed-out'; readonly problem: string | null }
  | { readonly state: 'unreachable'; readonly message: string };

export interface Session {
  readonly state: ReadonlySignal<SessionState>;
  /** Signs in with the code in the address, if there is one, or with the cookie, if it is good. */
  begin(): Promise<void>;
  /** @throws KilnError when the farm does not take it. */
  signIn(by: { readonly code: string } | { readonly apiKey: string }): Promise<void>;
  signOut(): Promise<void>;
  /** The farm no longer takes the cookie. */
  expired(): void;
}

/** The sign-in code in the address, taken out of it so that it is neither bookmarked nor seen over a shoulder. */
export function takeCode(place: Pick<Location, 'hash' | 'pathname' | 'search'>, replaceUrl: (url: string) => void) {
  const code = new URLSearchParams(place.hash.slice(1)).get('code');
  if (code === null) return null;
  replaceUrl(place.pathname + place.search);
  return code;
}

export function createSession(client: Pick<Client, 'me' | 'signIn' | 'signOut'>): Session {
  const state = signal<SessionState>({ state: 'checking' });

  /** @returns why it did not work; null when it did. */
  async function trySignIn(by: { readonly code: string } | { readonly apiKey: string }): Promise<KilnError | null> {
    try {
      state.value = { state: 'signed-in', me: await client.signIn({ body: by }) };
      return null;
    } catch (error) {
      if (error instanceof KilnError) return error;
      throw error;
    }
  }

  async function begin(): Promise<void> {
    const code = takeCode(location, (url) => history.replaceState(null, '', url));
    const failure = code === null ? null : await trySignIn({ code });
    if (code !== null && !failure) return;
    try {
      state.value = { state: 'signed-in', me: await client.me() };
    } catch (error) {
      if (!(error instanceof KilnError)) throw error;
      state.value =
        error.status === 401
          ? { state: 'signed-out', problem: failure && signInProblem(failure) }
          : { state: 'unreachable', message: error.message };
    }
  }

  return {
    state,
    begin,
    async signIn(by) {
      const failure = await trySignIn(by);
      if (failure) throw failure;
    },
    async signOut() {
      await client.signOut();
      state.value = { state: 'signed-out', problem: null };
    },
    expired() {
      if (state.value.state !== 'signed-in') return;
      state.value = { state: 'signed-out', problem: 'Your sign-in has ended. Sign in again to go on.' };
    },
  };
}

/** What a person can do about a failed sign-in. */
export function signInProblem(error: KilnError): string {
  switch (error.code) {
    case 'identity.code_spent':
      return 'This sign-in code was used already or has expired. Get a new one in the terminal, as described below.';
    case 'identity.missing':
      return 'The farm does not know this key. Check that you copied all of it.';
    case 'client.unreachable':
      return 'The farm cannot be reached. Is it running?';
    default:
      return error.message;
  }
}
