/** Who asks: tenants, API keys, sign-in. */
import Type, { type Static } from 'typebox';
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
    maxOpenTasks: Type.Union([Type.Integer({ minimum: 1, maximum: LIMITS.openTasksMax }), Type.Null()], {
      description: `Tasks of its jobs that may be unfinished at once, 1 to ${LIMITS.openTasksMax}; null: ${LIMITS.openTasksPerTenant}.`,
    }),
  },
  { additionalProperties: false },
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
