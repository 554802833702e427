/** Limits of the server alone; those that clients must know are in `@kiln/shared`. */
export const SERVER_LIMITS = {
  /** Waiting for PGlite's one session. The longest transaction here takes under a second; more is a deadlock. */
  storeSessionWaitMs: 30_000,
  /** Connections to PostgreSQL of one server; its default of 100 serves four servers with room to spare. */
  storeConnections: 20,
  /** A statement that runs longer is ended by PostgreSQL: nothing here reads a whole table. */
  storeStatementMs: 60_000,
  /** Waiting for a connection to PostgreSQL. */
  storeConnectMs: 10_000,
} as const;
