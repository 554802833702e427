/** Live sessions, and the servers that hold them, as the newest migration leaves them. */
import type { SessionState } from '@kiln/shared';
import type { Generated } from 'kysely';
import type { KeptSession } from '../live/kept-session.ts';
import type { CreatedAt, NullableJson } from './column-types.ts';

export interface SessionTable {
  id: string;
  tenant_id: string;
  scene_id: string;
  state: SessionState;
  worker_id: string | null;
  /** The server process that holds the viewer's socket. */
  server_id: string;
  /** WebSocket URL of that server, for the worker to dial. */
  dial_url: string;
  worker_token: string;
  /** Of who opened it. */
  resume_token_hash: string;
  /** What another server goes on with. */
  kept: NullableJson<KeptSession>;
  /** By which it was opened; null: by an identity of its tenant. */
  token_id: string | null;
  /** Worker seconds. */
  drawn_sec: Generated<number>;
  created_at: CreatedAt;
  lease_expires_at: Date;
  ended_at: Date | null;
}

/** Server processes of the farm. */
export interface ServerTable {
  id: string;
  /** `http://host:port` at which other servers reach it. */
  url: string;
  /** Machine and address that one process has at a time. */
  place: string;
  seen_at: Date;
}
