/** What a reload of the page needs to find its session again. Lives in `sessionStorage`: one tab, one session. */
import type { ExplicitCamera } from '@kiln/shared';

interface ResumeTicket {
  readonly sessionId: string;
  readonly token: string;
  /** [LV32] Others were in it, with whom it goes on: who comes too late to resume it joins it. */
  readonly isShared?: boolean;
}

export interface ResumeStore {
  ticket(sceneId: string): ResumeTicket | null;
  keepTicket(sceneId: string, ticket: ResumeTicket): void;
  dropTicket(sceneId: string): void;
  /** Where the camera stood, so that the first picture after a reload is the last one before it. */
  camera(sceneId: string): ExplicitCamera | null;
  keepCamera(sceneId: string, camera: ExplicitCamera): void;
}

/** The part of `Storage` that is needed. */
export interface KeyValueStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const isTicket = (value: unknown): value is ResumeTicket =>
  typeof value === 'object' &&
  value !== null &&
  'sessionId' in value &&
  typeof value.sessionId === 'string' &&
  'token' in value &&
  typeof value.token === 'string';

const isVector = (value: unknown) => Array.isArray(value) && value.length === 3 && value.every(Number.isFinite);

const isCamera = (value: unknown): value is ExplicitCamera =>
  typeof value === 'object' &&
  value !== null &&
  'position' in value &&
  isVector(value.position) &&
  'target' in value &&
  isVector(value.target) &&
  'fovDeg' in value &&
  typeof value.fovDeg === 'number';

const TICKET = 'kiln.session.';

export const isTicketKey = (key: string): boolean => key.startsWith(TICKET);

/** Storage that is full, forbidden or holds something else costs the resumption, never the view. */
export function createResumeStore(storage: KeyValueStorage): ResumeStore {
  const ticketKey = (sceneId: string) => `${TICKET}${sceneId}`;
  const cameraKey = (sceneId: string) => `kiln.camera.${sceneId}`;
  const read = (key: string): unknown => {
    try {
      return JSON.parse(storage.getItem(key) ?? 'null');
    } catch {
      return null;
    }
  };
  const write = (key: string, value: unknown) => {
    try {
      storage.setItem(key, JSON.stringify(value));
    } catch {
      // Nothing depends on it.
    }
  };
  return {
    ticket(sceneId) {
      const value = read(ticketKey(sceneId));
      return isTicket(value) ? value : null;
    },
    keepTicket: (sceneId, ticket) => write(ticketKey(sceneId), ticket),
    dropTicket(sceneId) {
      try {
        storage.removeItem(ticketKey(sceneId));
      } catch {
        // As above.
      }
    },
    camera(sceneId) {
      const value = read(cameraKey(sceneId));
      return isCamera(value) ? value : null;
    },
    keepCamera: (sceneId, camera) => write(cameraKey(sceneId), camera),
  };
}
