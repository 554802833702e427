/** What taking jobs in needs. */
import type { IdKind } from '@kiln/shared';
import type { Kysely } from 'kysely';
import type { Estimates } from '../estimates/estimates.ts';
import type { Change } from '../events/changes.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { Database } from '../store/tables.ts';
import type { AbilityMemory } from './abilities.ts';
import type { JobLayers } from './layers.ts';

export interface SubmitParts {
  readonly db: Kysely<Database>;
  readonly change: Change;
  readonly objects: Pick<ObjectStore, 'has'>;
  readonly abilities: AbilityMemory;
  readonly layers: JobLayers;
  readonly estimates: () => Pick<Estimates, 'costsOf' | 'ofHistory' | 'checkBudget'>;
  readonly newId: (kind: IdKind) => string;
  readonly now: () => Date;
  /** After a commit: there is work. */
  readonly onSubmitted: () => void;
}
