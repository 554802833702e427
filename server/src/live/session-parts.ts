/** What a live session is made of and for. */
import { KilnError, type SceneSource, type SessionOffer, type TokenAccess } from '@kiln/shared';
import type { Logger } from 'pino';
import type { RandomBytes } from '../services.ts';
import type { SessionRows } from './session-rows.ts';

export interface SessionParts {
  readonly rows: SessionRows;
  readonly log: Logger;
  readonly random: RandomBytes;
  /** How long a session is kept for a viewer that is away. */
  readonly leaseMs: number;
  readonly findWorkerMs: number;
  readonly dialUrl: () => string;
  readonly offer: (workerId: string, offer: SessionOffer) => void;
  /** Called once. The worker, if it has one, is to be told. */
  readonly onEnded: (sessionId: string, workerId: string | null) => void;
}

export interface SessionSubject {
  readonly id: string;
  readonly tenantId: string;
  readonly sceneId: string;
  readonly scene: SceneSource;
}

/** [LV29] What a viewer may do by itself, and by which token; null: by an identity of the tenant. */
export interface ViewerRights {
  readonly access: TokenAccess;
  readonly tokenId: string | null;
}

/** [LV29] */
export const ownCamera = () =>
  new KilnError(
    'identity.forbidden',
    '[LV29] this token shows the scene through its own cameras: name one as `view.camera`, or `auto`',
  );
