/** Tokens of live views, and what they are signed with. */
import type { TokenAccess } from '@kiln/shared';
import type { ColumnType, Generated } from 'kysely';
import type { CreatedAt } from './column-types.ts';

export interface FarmSecretTable {
  name: string;
  secret: string;
}

export interface ViewTokenTable {
  id: string;
  tenant_id: string;
  scene_ids: ColumnType<string[], string, never>;
  access: TokenAccess;
  origins: ColumnType<string[], string, never>;
  max_sessions: number;
  max_samples: number;
  /** Null: as long as its sessions take. */
  max_drawn_sec: number | null;
  /** Of all sessions that it has opened. */
  drawn_sec: Generated<number>;
  label: string | null;
  created_at: CreatedAt;
  expires_at: Date;
  revoked_at: ColumnType<Date | null, never, Date>;
}
