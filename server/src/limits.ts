/** Limits of the server alone; those that clients must know are in `@kiln/shared`. */
export const SERVER_LIMITS = {
  /** Waiting for PGlite's one session. The longest transaction here takes under a second; more is a deadlock. */
  storeSessionWaitMs: 30_000,
  /** Connections to PostgreSQL of one server; its default of 100 serves four servers with room to spare. */
  storeConnections: 20,
  /** A statement that runs longer is ended by PostgreSQL: nothing here reads a whole table. */
  storeStatementMs: 60_000,
  /** A transaction in which nothing is asked for so long is ended: its server is stopped, and others wait for its rows. */
  storeIdleMs: 10_000,
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
  /** Bytes of an upload that wait to be written; then reading waits. */
  queuedBodyBytes: 1_048_576,
  /** The disk's room is looked at again whenever so much was written, … */
  roomCheckBytes: 4_194_304,
  /** … and when something is begun so long after the last look. */
  roomCheckMs: 1_000,
  /** Bytes of a refused request's body that are read and thrown away so that the client hears why. */
  discardedBytes: 268_435_456,
  /** Events sockets of one tenant: every open tab and every script that follows a job has one. */
  eventSocketsPerTenant: 500,
  /** Scenes of one tenant that are not deleted; each is a row, and up to 2,000 more for its files. */
  scenesPerTenant: 10_000,
  /** Files of the scenes on one page, unless the first has more: some 400 kB of JSON, built in a few milliseconds. */
  scenePageFiles: 2_000,
  /** Uploads of one tenant that are under way: two scenes of the largest number of files. */
  openUploads: 4_000,
  /** Their bytes together: four of the largest scenes. */
  openUploadBytes: 17_179_869_184,
  /** An upload that nobody has touched for two days is given up. */
  uploadKeepMs: 172_800_000,
  /** Bytes that nobody refers to stay for a day: a client may be about to, and a mistake can be undone. */
  unreferencedKeepMs: 86_400_000,
  /** Bytes of a purged job go with it when they are older: younger ones may be about to be recorded for another. */
  purgedBytesAgeMs: 3_600_000,
  /** What changed is kept for a week, for clients that were away. */
  eventKeepMs: 604_800_000,
  /** Ended sessions, spent sign-in codes and scenes that were announced and never uploaded are kept for a week. */
  recordKeepMs: 604_800_000,
  /** What was sent to webhooks is shown for 30 days. */
  deliveryKeepMs: 2_592_000_000,
  /** Estimates are kept for 30 days; jobs have copies of theirs. */
  estimateKeepMs: 2_592_000_000,
  /** Probes that are put away are purged after a day: the estimate is made of them, and nobody looks at their pictures. */
  probeKeepMs: 86_400_000,
  /** A server sweeps every hour. */
  sweepEveryMs: 3_600_000,
  /** Requests under way when the server stops have so long to end. */
  drainMs: 4_000,
  /** Connections that were cut have so long to be gone; then the rest is closed without them. */
  cutMs: 2_000,
} as const;

export const S3_LIMITS = {
  connectMs: 5_000,
  /** No byte moves on a connection: it is given up. Longer than a busy store takes to finish a file of many parts. */
  idleMs: 20_000,
  /** Questions about an object, and its deletion: transactions of the database wait for them. All tries together. */
  askMs: 8_000,
  /** Tries of one request, with waits that double, from 0.1 s on. */
  tries: 4,
  /** Connections of one server. */
  connections: 128,
  /** Larger files go in parts of so many bytes: 10,000 of them, which S3 allows, are five times the largest file. */
  partBytes: 8_388_608,
  /** Parts of one file under way at once. */
  partsAtOnce: 2,
  /** Files of several parts that are being put at once. Each holds two or three parts in memory: 400 MB together. */
  largePutsAtOnce: 16,
  /** A download that broke off goes on where it was so many times without a byte in between. */
  resumes: 4,
  resumeWaitMs: 200,
} as const;

export const WEBHOOK_LIMITS = {
  /** From looking up the host to the end of the answer. */
  answerMs: 10_000,
  /** Of the answer, whose status alone counts; more is not read. */
  answerBytes: 65_536,
  /** One lookup at one name server, and how often it is asked. */
  lookUpMs: 2_000,
  lookUpTries: 2,
  /** A message that was begun is sent again after so long: its sender has died. Longer than an answer may take. */
  claimMs: 30_000,
  /** Messages to one hook at once, so that 20 dead ones of a tenant hold 40 of all places for ten seconds at most. */
  atOncePerHook: 2,
  atOnce: 400,
  /** Waits before the second try and those after it; then, after a day, it is given up. */
  retryMs: [5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 28_800_000, 28_800_000],
  /** Each wait is longer or shorter by up to this share, so that a receiver that comes back is not met by all at once. */
  retryJitter: 0.2,
  /** A hook that has taken nothing for so long is disabled. */
  failingMs: 432_000_000,
  /** Attempts of one message that are kept. */
  keptAttempts: 30,
  /** Characters of an attempt's error. */
  errorChars: 300,
} as const;
