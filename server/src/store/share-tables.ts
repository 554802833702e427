/** Limits that jobs name, and what users have had. */
import type { Generated } from 'kysely';

/** What may be under way at once of what names it. */
export interface LimitTable {
  /** Null: of the whole farm. */
  tenant_id: string | null;
  name: string;
  /** Null: as it comes. */
  max_tasks: number | null;
  max_per_host: number | null;
  changed_at: Generated<Date>;
}

/** What users have had of their tenant's slots, as it counted at `used_at`; of those that no job names, the empty name. */
export interface UserShareTable {
  tenant_id: string;
  user_name: string;
  used_slot_sec: number;
  used_at: Generated<Date>;
  /** What counts beside that of the frames that they hold, as the leader said last. */
  held_slot_sec: Generated<number>;
}
