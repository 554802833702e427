/** What a live session is made of and for. */
import {
  isStillCodec,
  KilnError,
  type LiveView,
  type PictureCodec,
  type SceneSource,
  type SessionOffer,
  type TokenAccess,
  type ViewerMessage,
} from '@kiln/shared';
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
  /** [LV42] Called once, in place of `onEnded`: it goes on at another server. */
  readonly onLetGo: (sessionId: string) => void;
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
  /** [LV43] Of its views; null: as many as they say. */
  readonly maxSamples: number | null;
}

/** [LV12] @throws KilnError `live.no_codec` */
export function requirePictures(codecs: readonly PictureCodec[]): void {
  if (codecs.some(isStillCodec)) return;
  throw new KilnError('live.no_codec', `[LV12] "codecs" has ${codecs.join(', ')}: name jpeg, webp or png besides`);
}

/** [LV43] The view as a viewer of these rights may have it. */
export const withinRights = (view: LiveView, { maxSamples }: Pick<ViewerRights, 'maxSamples'>): LiveView =>
  maxSamples !== null && view.samples > maxSamples ? { ...view, samples: maxSamples } : view;

/** [LV29] Why a viewer of this access may not say so; null: it may. */
export function whyNotMoved(
  access: TokenAccess,
  message: Extract<ViewerMessage, { type: 'pose' | 'view' }>,
): KilnError | null {
  if (access !== 'view') return null;
  if (message.type === 'pose') return forbidden('this token does not move the camera');
  return whyNotShown(message.view);
}

/** [LV29] For the view of who drives, as it comes in a hello. @throws KilnError `identity.forbidden` */
export function requireShown(access: TokenAccess, view: LiveView): void {
  const refusal = access === 'view' ? whyNotShown(view) : null;
  if (refusal) throw refusal;
}

/** What moves nodes moves their cameras, and what hides one shows what is behind it. */
function whyNotShown(view: LiveView): KilnError | null {
  if (view.camera === undefined) {
    return forbidden('this token shows the scene through its own cameras: name one as `view.camera`, or `auto`');
  }
  const edited = (['hide', 'show', 'materials', 'pointers'] as const).find((name) => (view[name]?.length ?? 0) > 0);
  return edited ? forbidden(`this token shows the scene as it is, without \`view.${edited}\``) : null;
}

const forbidden = (why: string) => new KilnError('identity.forbidden', `[LV29] ${why}`);
