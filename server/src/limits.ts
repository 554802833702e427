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

  /** Requests of one tenant: 1,000 a second, several times what a farm's own web app, command line and tests make. */
  requestsPerMinute: 60_000,
  /** Clients whose requests are counted; the least recent are forgotten. */
  countedClients: 10_000,
  /** Requests with a wrong key or none, by address. A key has 256 random bits: this spares the log, not the key. */
  identityFailures: { failures: 600, windowMs: 60_000 },
  /** Failed sign-ins, by address. */
  signInFailures: { failures: 20, windowMs: 300_000 },
  /** A sign-in code is typed or clicked at once. */
  signInCodeMs: 900_000,
  /** A browser stays signed in for 30 days. */
  webSessionMs: 2_592_000_000,
  /** A request's headers must be here by then. */
  headersMs: 30_000,
  /** A connection without a request. Longer than the 60 s after which common proxies stop using one. */
  keepAliveMs: 75_000,
  /** A connection on which no byte moves, in the middle of a request or an answer. */
  idleConnectionMs: 120_000,
} as const;
