/** Tokens by which a page of another site opens live views: short-lived, signed, of some scenes, for some pages. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Id, Timestamp } from '../identifiers.ts';
import { LIMITS } from '../limits.ts';
import { Name } from '../storable-text.ts';

/** `view`: through the cameras of the scene, and no other; `drive`: the camera goes where the viewer will. */
export const TokenAccess = Type.Enum(['view', 'drive']);
export type TokenAccess = Static<typeof TokenAccess>;

/** As browsers name it: scheme, host and port, in lower case. `*` is any page, and whatever is none. */
export const TokenOrigin = Type.String({
  maxLength: 300,
  pattern: '^(?:\\*|https?://(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\\[[0-9a-f:.]+\\])(?::\\d{1,5})?)$',
  examples: ['https://shop.example', '*'],
  description: 'Origin of a page, such as `https://shop.example`, in lower case and without a path; `*`: any page.',
});

const scope = {
  sceneIds: Type.Array(Id('scene'), {
    minItems: 1,
    maxItems: LIMITS.tokenScenes,
    uniqueItems: true,
    description: 'The scenes that it opens.',
  }),
  access: TokenAccess,
  origins: Type.Array(TokenOrigin, {
    minItems: 1,
    maxItems: LIMITS.tokenOrigins,
    uniqueItems: true,
    description: 'The pages that may use it.',
  }),
  maxSessions: Type.Integer({
    minimum: 1,
    maximum: LIMITS.tokenSessions,
    description: 'Live sessions that it has open at once, at most.',
  }),
  maxSamples: Type.Integer({
    minimum: 1,
    maximum: LIMITS.frameSamples,
    description: 'Samples a pixel that its views are drawn with, at most.',
  }),
  maxDrawnSec: Type.Integer({
    minimum: 1,
    maximum: LIMITS.tokenDrawnSec,
    description: 'Seconds that workers draw for all of its sessions together; then they end, and it opens none.',
  }),
};

export const TokenRequest = Type.Object(
  {
    sceneIds: scope.sceneIds,
    access: Type.Optional(Type.Enum(['view', 'drive'], { default: 'drive' })),
    origins: scope.origins,
    ttlSec: Type.Optional(
      Type.Integer({
        minimum: LIMITS.tokenTtlMinSec,
        maximum: LIMITS.tokenTtlMaxSec,
        default: 3_600,
        description: `Seconds in which it opens sessions, ${LIMITS.tokenTtlMinSec} to ${LIMITS.tokenTtlMaxSec}; an open one goes on.`,
      }),
    ),
    maxSessions: Type.Optional(Type.Integer({ ...scope.maxSessions, default: 1 })),
    maxSamples: Type.Optional(Type.Integer({ ...scope.maxSamples, default: LIMITS.tokenSamples })),
    maxDrawnSec: Type.Optional(scope.maxDrawnSec),
    label: Type.Optional(Name),
  },
  { additionalProperties: false },
);
export type TokenRequest = Static<typeof TokenRequest>;

export const Token = Type.Object({
  id: Id('token'),
  ...scope,
  /** Null: as long as they take. */
  maxDrawnSec: Type.Union([scope.maxDrawnSec, Type.Null()]),
  label: Type.Union([Type.String(), Type.Null()]),
  /** Sessions that it has open now. */
  openSessions: Type.Integer(),
  /** Seconds in which workers have drawn for all sessions that it has opened. */
  drawnSec: Type.Number(),
  createdAt: Timestamp,
  expiresAt: Timestamp,
  revokedAt: Type.Union([Timestamp, Type.Null()]),
});
export type Token = Static<typeof Token>;

/** The text is shown this once. */
export const TokenCreated = Type.Object({ ...Token.properties, token: Type.String() });
export type TokenCreated = Static<typeof TokenCreated>;
