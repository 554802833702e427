/** How much of some work may be under way at once: limits that the operator names, and what a job allows of itself. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Id, Timestamp } from '../identifiers.ts';
import { LIMITS } from '../limits.ts';

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const LimitName = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
  description: 'Name of 1 to 64 letters, digits, `.`, `_` or `-`, the first a letter or digit.',
});

export const LimitNames = Type.Array(LimitName, {
  maxItems: LIMITS.jobLimits,
  uniqueItems: true,
  description: 'Limits that the operator has set, as of licences: each task that is under way counts as one of each.',
});

const Slots = Type.Integer({ minimum: 1, maximum: LIMITS.tenantSlots });

const MAX_SLOTS = 'Tasks of the job that are under way at once, at most';
const MAX_PER_HOST = 'Tasks of the job that are under way at once on one machine, at most';

/** Of requests and job files. */
export const BOUNDS = {
  limits: Type.Optional(LimitNames),
  maxSlots: Type.Optional(Type.Integer({ ...Slots, description: `${MAX_SLOTS}.` })),
  maxPerHost: Type.Optional(Type.Integer({ ...Slots, description: `${MAX_PER_HOST}.` })),
};
export type JobBounds = Static<Type.TObject<typeof BOUNDS>>;

/** Of a job that is under way: what begins from now on goes by it. */
export const BOUND_CHANGES = {
  limits: BOUNDS.limits,
  maxSlots: Type.Optional(Type.Union([Slots, Type.Null()], { description: `${MAX_SLOTS}; null: as it comes.` })),
  maxPerHost: Type.Optional(Type.Union([Slots, Type.Null()], { description: `${MAX_PER_HOST}; null: as it comes.` })),
};

/** As jobs are shown. */
export const SHOWN_BOUNDS = { limits: LimitNames, maxSlots: Nullable(Slots), maxPerHost: Nullable(Slots) };

/** What may be counted at once of what names it: of the whole farm, or of one tenant, whose jobs then count there only. */
export const Limit = Type.Object({
  name: LimitName,
  /** Null: of the whole farm. */
  tenantId: Nullable(Id('tenant')),
  /** Tasks under way at once; null: as it comes. */
  max: Nullable(Type.Integer()),
  /** The same on one machine. */
  maxPerHost: Nullable(Type.Integer()),
  /** Tasks that are under way now, of all tenants that count there. */
  inUse: Type.Integer(),
  changedAt: Timestamp,
});
export type Limit = Static<typeof Limit>;

export const LimitRequest = Type.Object(
  {
    max: Type.Union([Type.Integer({ minimum: 0, maximum: LIMITS.tenantSlots }), Type.Null()], {
      description: 'Tasks under way at once, at most; 0: none is begun; null: as it comes.',
    }),
    maxPerHost: Type.Optional(
      Type.Union([Slots, Type.Null()], { description: 'Tasks under way at once on one machine, at most.' }),
    ),
    tenantId: Type.Optional(
      Type.Union([Id('tenant'), Type.Null()], {
        description: 'Of this tenant alone: what its jobs use counts there, and not for the farm’s limit of that name.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type LimitRequest = Static<typeof LimitRequest>;
