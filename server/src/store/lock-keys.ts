/** Keys of PostgreSQL's advisory locks, here together because they share one space of numbers. */
export const LOCK_KEYS = {
  /** Whoever holds it leads: `kiln` in ASCII. Of a session, all others are of a transaction. */
  leader: 0x6b_69_6c_6e,
  /** Orders the writers of events. */
  events: 7_700_001,
  /** Sessions are placed under it, so that no worker gets more than it has room for. */
  placement: 7_700_002,
  /** Tenants are made under it: two servers may start at once, and no two tenants have one name. */
  tenants: 7_700_003,
} as const;
