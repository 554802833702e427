/** Limits of the worker's own process. Those that others must know too are in `@kiln/shared`. */
export const WORKER_LIMITS = {
  /** Scene files that each worker keeps on disk, by default. A laptop's share; a farm machine sets KILN_SCENE_CACHE_BYTES. */
  sceneCacheBytes: 10_737_418_240,
  /** Browser processes at once, unless twice the slots is more; each takes 200 to 400 MB without a scene. */
  browsers: 4,
  /** An unused browser is ended after this: long enough for the pause between two jobs of one artist. */
  browserIdleMs: 300_000,
  /** Time for a browser to start and show its first page; a cold disk takes 10 s. */
  browserStartMs: 60_000,
  /** A renderer that was forked just now confines itself within milliseconds; on a machine that is very busy, seconds. */
  sandboxMs: 10_000,
  /** Time for a page to load and say hello: a second on an idle machine, half a minute on one that is very busy. */
  pageStartMs: 60_000,
  /** A page that has not closed after this is stuck in a GPU call: its browser is killed. */
  pageCloseMs: 2_000,
  /** Frames after which a page is replaced: fragmentation of a long-lived heap stays bounded. */
  pageFrames: 5_000,
  /** Frames after which a browser is replaced: its GPU process is the one that grows. */
  browserFrames: 50_000,
  /** Scenes kept loaded in one page; the least recently used goes first. */
  pageScenes: 3,
  /** Estimated GPU memory of all scenes loaded in one page, above which those that nobody uses go. */
  pageGpuBytes: 2_147_483_648,
  /** Time for loading a scene into a page; the same as an import's. */
  loadMs: 120_000,
  /**
   * A frame that nobody wants any more has its slot for so long; then its page, which sits in a command to the GPU, is replaced.
   * Pages give way each 100 ms or so, and in software may take longer to hear of it.
   */
  abandonedDrawingMs: 1_500,
  /** One that is drawn may be encoded for so long. */
  abandonedFrameMs: 5_000,
  /** A job's frame waits behind live pictures for at most this, then goes first once. */
  frameWaitMs: 1_000,
  /** Frames of one attempt that are encoded or delivered while the next is drawn: bounds memory. */
  framesUnderWay: 3,
  /** Drawing that a lost worker may cost, in seconds, and twice that: sums of 1080p take 33 MB, and a second to store. */
  checkpointSec: 30,
  /** Imports at once, each of another tenant: a file that hangs until its time is over keeps nobody else waiting. */
  imports: 3,
  /** Films at once: most of the time they wait for frames. Each has a page of its own. */
  films: 4,
  /** A film looks for its next frames so often while there are none. */
  filmPollMs: 500,
  /** Message from a page: part of a film, or a contact sheet. Large frames come in parts. */
  pageMessageBytes: 536_870_912,
  /** Lines of a page's console and of the browser's log that are kept for a failure's report, and their length. */
  logLines: 100,
  logLineChars: 2_000,
  /** Of the browser's, with a failure that may be its own; the page's and these are 200 at most. */
  browserLines: 20,
  /** A browser that crashed writes why, and ends, within this after its page was lost. */
  lastLinesMs: 300,
  /** One HTTP request to the server without bytes; a heartbeat must fail well within a lease. */
  requestMs: 5_000,
  /** Claims and small frames go together while many come: so long after the answer to those before, … */
  exchangeSpacingMs: 5,
  /** … or after they came, if that is not answered by then. */
  exchangeWaitMs: 50,
  /** One HTTP request that carries a frame or a file: 2 GiB at 50 Mbit/s takes six minutes. */
  transferMs: 600_000,
  /** Longest pause between two tries at an unreachable server. */
  backOffMs: 2_000,
  /** The same before the first registration: on one machine the server starts beside its workers and is waited for. */
  joinBackOffMs: 300,
  /** Live sessions at once: of one scene 50 and more draw as much together as one does, at a small size. */
  sessions: 64,
  /** A session's socket that drops is dialled again for so long; the viewer's lease is longer. */
  redialMs: 8_000,
  /** [WS8] A session's socket that lasted so long was a good one: the next is dialled at once. */
  redialGoodMs: 10_000,
  /** What a session's server has not read yet, at most: two of the largest pictures. Acknowledgements pace far below it. */
  unreadBytes: 33_554_432,
  /** Time for the server to answer a session's hello. */
  sessionStartMs: 10_000,
  /** A hand that says it moves and sends no pose for so long is taken to rest. */
  /** [LV43] What is drawn for a live session is told this often. */
  drawnSaidMs: 1_000,
  restMs: 250,
  /** Draw and encode of a picture while moving, which the scale aims for: 25 pictures a second. */
  movingPictureMs: 40,
  /**
   * The same where only the camera moves and the viewer warps: it turns old pictures well, and does not sharpen small ones.
   * Turning by 30°/s, a picture that is 100 ms older has a tenth of the error that one of half the size has; with pictures of where
   * the camera will be, 120 ms at full size leave less error on a slow machine than 80 ms and what that has room for.
   */
  warpedPictureMs: 120,
  /** A better picture of a resting view is drawn for so long at a time: then another session, or a frame that waited, has its turn. */
  refineSliceMs: 250,
  /** A resting view for whose samples its page has no room asks again when others are over, and so often in any case. */
  roomWaitMs: 1_000,
  /**
   * [LV37] Pictures of a session that may still be asked about: at 25 a second, those of two and a half seconds. Questions of
   * all its viewers that wait.
   */
  askedPictures: 64,
  waitingPicks: 64,
  /** Tiles that are acknowledged together: at 10 Mbit/s they take 50 ms. */
  tileBatchBytes: 65_536,
  /** The same where the way to the viewer is full. */
  narrowBatchBytes: 16_384,
  /** Drain: frames in hand may finish for so long. What comes after takes `goodbyeMs` or `poolCloseMs`; all of it, 8 s. */
  drainMs: 5_000,
  /** The server's answer to a goodbye; without it, it finds out by itself. */
  goodbyeMs: 2_000,
  /** All browsers end within this, above `pageCloseMs`; what is left goes with the process. */
  poolCloseMs: 2_500,
} as const;
