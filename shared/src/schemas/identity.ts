/** Who asks: tenants, API keys, sign-in. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Id, Timestamp } from '../identifiers.ts';
import { LIMITS } from '../limits.ts';
import { STORABLE_CHARS } from '../storable-text.ts';

/** `member` uses the farm as its tenant; `operator` also runs it: tenants, sweep, all workers. */
export const Role = Type.Enum(['member', 'operator']);
export type Role = Static<typeof Role>;

export const Tenant = Type.Object({
  id: Id('tenant'),
  name: Type.String(),
  /** Tasks of its jobs that may be unfinished at once. */
  maxOpenTasks: Type.Integer(),
  /** Tenants with work get slots in the proportion of their weights. */
  weight: Type.Number(),
  /** Slots that it gets before others get more. */
  minSlots: Type.Integer(),
  /** Null: as many as there are. */
  maxSlots: Type.Union([Type.Integer(), Type.Null()]),
  /** Deliveries of frames that its work has now, those that wait at a worker included. */
  heldSlots: Type.Integer(),
  /** Slot-seconds that it has had lately: they count less the longer ago they were. */
  usedSlotSec: Type.Number(),
  createdAt: Timestamp,
});
export type Tenant = Static<typeof Tenant>;

export const TenantRequest = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: LIMITS.nameChars,
      pattern: `^(?=[\\s\\S]*\\S)${STORABLE_CHARS}+$`,
      description: `Text of 1 to ${LIMITS.nameChars} characters, not blank, without NUL and without unpaired surrogates.`,
    }),
  },
  { additionalProperties: false },
);
export type TenantRequest = Static<typeof TenantRequest>;

export const TenantChanges = Type.Object(
  {
    maxOpenTasks: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: LIMITS.openTasksMax }), Type.Null()], {
        description: `Tasks of its jobs that may be unfinished at once, 1 to ${LIMITS.openTasksMax}; null: ${LIMITS.openTasksPerTenant}.`,
      }),
    ),
    weight: Type.Optional(
      Type.Number({
        minimum: 0.01,
        maximum: 1_000,
        description: 'Tenants with work get slots in the proportion of their weights: 0.01 to 1000.',
      }),
    ),
    minSlots: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: LIMITS.tenantSlots,
        description: 'Slots that it gets before others get more, whatever it has had.',
      }),
    ),
    maxSlots: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: LIMITS.tenantSlots }), Type.Null()], {
        description:
          'Deliveries of frames that it has at once, at most, at least `minSlots`; null: as many as there are.',
      }),
    ),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type TenantChanges = Static<typeof TenantChanges>;

/** The key is shown this once; the farm keeps its hash. */
export const TenantCreated = Type.Object({ tenant: Tenant, apiKey: Type.String() });
export type TenantCreated = Static<typeof TenantCreated>;

export const Me = Type.Object({
  tenant: Type.Object({ id: Id('tenant'), name: Type.String() }),
  role: Role,
});
export type Me = Static<typeof Me>;

/** Exactly one of the two. */
export const SignInRequest = Type.Object(
  {
    code: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    apiKey: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  },
  { additionalProperties: false },
);
export type SignInRequest = Static<typeof SignInRequest>;

export const SignInCode = Type.Object({ code: Type.String(), url: Type.String(), expiresAt: Timestamp });
export type SignInCode = Static<typeof SignInCode>;
