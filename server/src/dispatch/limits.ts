/** Limits of the scheduling side: dispatch, queue, workers, events and live sessions. */
export const DISPATCH_LIMITS = {
  /** Frames that a worker takes per slot at once: while one is encoded and delivered, the next is drawn. */
  pipelinedPerSlot: 2,
  /** Deliveries per slot, however short the tasks: 32 tasks of 10 ms are a third of a second that cannot be redirected. */
  deliveriesPerSlot: 32,
  /** Tasks queued ahead on one slot, in milliseconds of their measured time: several round trips through the dispatcher. */
  queuedAheadMs: 400,
  /**
   * Imports under way on one worker, at most one of a tenant, and none ahead: a hostile file may hold its tenant up for
   * its whole time limit, and nobody else.
   */
  importsPerWorker: 3,
  /** Films under way on one worker: most of the time they wait for frames. */
  filmsPerWorker: 4,
  /**
   * A slot that a tenant holds weighs as much as so many slot-seconds that it has had: tenants that have had about the same
   * hold as many slots, and one that has had less by some of these gets the next one.
   */
  heldSlotSec: 10,
  /** A job that waits gains a point of priority in so long, up to the highest: the least urgent one waits 100 minutes at most. */
  ageingMs: 60_000,
  highestPriority: 100,
  /** Tasks of one dispatcher pass, one transaction. */
  assignmentsPerPass: 256,
  /** Open layers and waiting tasks that one pass looks at, per tenant and per engine, back end and whatever else is asked for. */
  candidatesPerTenant: 64,
  /** The same of one tenant in all, however many different things it asks for: a pass must not take longer for one. */
  candidatesOfAllLanes: 512,
  /** Least time between two passes while changes stream in; the queue ahead covers it. */
  passSpacingMs: 15,
  passSpacingMaxMs: 100,
  /** The dispatcher looks at leases, queues and lost workers this often; nothing but lost messages waits for it. */
  tickMs: 1_000,
  /** A server that does not lead tries to this often. */
  electionMs: 1_000,
  /** A delivery younger than this may still be on its way into the queue. */
  deliveryGraceMs: 1_500,
  /** A claimed attempt that its worker has not named for this long is lost: it fits three heartbeats. */
  forgottenAttemptMs: 6_000,
  /** A worker that is gone or lost for this long is forgotten, and its queues with it. */
  forgetWorkerMs: 600_000,
  /** A worker is suspended when so many tasks failed there, within so long, that others then did. */
  blamesToSuspend: 3,
  blameMs: 3_600_000,
  /** For so long, doubled each time. */
  suspensionMs: 600_000,
  suspensionMaxMs: 21_600_000,
  /** A worker that did something in so long, and nothing wrong, is suspended for half as long the next time. */
  goodStretchMs: 3_600_000,
  /** Wait before the second try of a task, doubled with each further one. */
  retryDelayMs: 500,
  retryDelayMaxMs: 30_000,
  /** Results, claims or submissions written in one transaction, … */
  writesPerBatch: 64,
  /** … and how far apart transactions with results or claims begin, while there are many. */
  writeSpacingMs: 8,
  /** Writes that wait for those before them, some seconds' worth; more are refused. */
  waitingWrites: 4_096,
  /** A job's progress is told at most this often; a change of its state is told at once. */
  jobEventSpacingMs: 200,
  /** What a worker said of how far it is holds so long: it fits four heartbeats. */
  progressStaleMs: 10_000,
  /** A delivery that found the store full is tried again each 2 s: what was refused holds for a few of them. */
  storeFullMs: 10_000,
  /** Attempts, jobs and workers remembered between requests to save a read. */
  rememberedRows: 10_000,
} as const;

export const REDIS_LIMITS = {
  /** A command without an answer for this long counts as failed; everything sent is safe to send again. */
  commandTimeoutMs: 5_000,
  reconnectMinMs: 50,
  reconnectMaxMs: 2_000,
} as const;

export const SOCKET_LIMITS = {
  /** [WS2] Time for a hello. */
  helloMs: 10_000,
  /** Messages that may come with a hello: a viewer's first poses. */
  heldMessages: 100,
  /** [WS7] */
  pingMs: 10_000,
  /** Without a pong for so long a peer is lost: one ping unanswered for 20 s. */
  pulseLostMs: 30_000,
} as const;

export const EVENT_LIMITS = {
  /** Events read at once when a client catches up. */
  pageEvents: 500,
  /** Bytes that wait for one client before it is closed as too slow. */
  waitingBytes: 4_194_304,
  /** Events that may come while a client catches up on older ones. */
  waitingEvents: 10_000,
  /** A client that catches up is given more when fewer bytes than these wait for it. */
  replayBytes: 262_144,
} as const;

export const LIVE_LIMITS = {
  /** A session without a worker waits so long for one. */
  findWorkerMs: 30_000,
  /** [LV21] An offer that is not taken up goes to another worker: the next heartbeat repeats it after 2 s. */
  offerMs: 8_000,
  /** A worker whose socket drops may dial again for so long before the viewer hears of it. */
  redialMs: 1_500,
  /** A worker that lost a session is not asked again for so long, while there is another. */
  avoidWorkerMs: 30_000,
  /** Leases of sessions are renewed this often, for all viewers of a server at once. */
  renewMs: 5_000,
  /** [LV42] A server that was not seen for so long is not there any more: three signs of life were missed. */
  serverLostMs: 15_000,
  /** Bytes in a viewer's socket above which a picture waits for the one before it. */
  pictureBufferBytes: 16_384,
  /** [LV35] Least time between two whole pictures that are asked for because somebody missed one. */
  refreshMs: 1_000,
  /** [LV31] Time to reach the server that holds a session. */
  passOnMs: 5_000,
  /** [LV39] A worker that hands its view over says so within this. */
  handOverAnswerMs: 2_000,
  /** Bytes in a worker's socket above which poses and views wait, the newest only. */
  poseBufferBytes: 16_384,
  /** [LV18] A viewer whose socket takes nothing for so long is closed. */
  stuckMs: 30_000,
  /** Messages of a viewer: 144 poses and as many acknowledgements a second, with room. */
  messagesPerSecond: 400,
  messageBurst: 1_200,
  /** [LV33] What one viewer does with the camera: everybody hears of each. */
  cameraActionsPerSecond: 5,
  cameraActionBurst: 10,
  /** [LV37] Questions of one viewer that wait for their answer, and those of a second: what a pointer hovers over, with room. */
  picksWaiting: 4,
  picksPerSecond: 10,
  pickBurst: 20,
  /** One that the worker does not answer for so long is answered here: a frame of a job may be drawn meanwhile. */
  pickMs: 10_000,
  /** Sessions of one tenant at once. */
  sessionsPerTenant: 200,
} as const;
