/** Limits of starting and stopping a farm on one machine. */
export const INFRA_LIMITS = {
  /** From Ctrl-C to the end of everything: what people wait for before they reach for `kill`. */
  drainMs: 10_000,
  /** Of that, what workers get to finish frames; the rest is the server's and Redis'. */
  workerDrainMs: 8_200,
  /** For the server to answer what is under way and close its database. */
  serverDrainMs: 900,
  /** For Redis to write its append-only file. With it half a second is left, for ending what did not end by itself. */
  redisDrainMs: 400,
  /** How long apt may take to fetch its lists, and to install. */
  aptUpdateMs: 180_000,
  aptInstallMs: 900_000,
  /** No byte of a browser's download for this long: the host is not to be reached. */
  downloadSilenceMs: 15_000,
  /** One build of the page or the web app. */
  buildMs: 300_000,
} as const;

/** Limits of the command line. */
export const CLI_LIMITS = {
  /** Files below a scene's folder among which those that it names are looked for; ten times what a scene may have. */
  searchedFiles: 20_000,
  /** A job file of 64 layers takes 40 kB. */
  jobFileBytes: 1_048_576,
  /** Aliases of YAML in it: a common part in each layer, and some. */
  jobFileAliases: 200,
  /** [LV1] A farm that has not welcomed a live view after so long is gone, whatever its socket says. */
  liveWelcomeMs: 20_000,
  /** [LV42] Tries to come back to a live view, and the first wait, doubled each time: 15.5 s, within `LIMITS.liveLeaseMs`. */
  liveTries: 5,
  liveFirstWaitMs: 500,
} as const;
