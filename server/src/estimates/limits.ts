export const ESTIMATE_LIMITS = {
  /** Samples of a probe's second picture of each frame, from which the time of one sample follows; of the first it is one. */
  probeSamples: 4,
  /** Tries at a picture of a probe. */
  probeAttempts: 2,
  /** A probe goes before its tenant's other work: somebody waits for it. */
  probePriority: 100,
  /** Earlier layers whose times are looked at, and frames of each. */
  historyLayers: 3,
  historyFrames: 1_000,
  /** The same question within this time is answered by the same estimate. */
  reuseMs: 600_000,
  /** How often it takes from the low figure to the high one. */
  confidence: 0.8,
  /** Attempts that the meter reads at once. */
  meteredAtOnce: 2_000,
  /** Ends of attempts that are kept of each slot, among which one that is committed late finds those before it. */
  keptEndsPerSlot: 8,
  /** What is under way of a layer is told from so many slot-seconds of an attempt on: before, its end soon tells. */
  toldRunningSec: 0.5,
  /** A worker without attempts for so long has no time overlapping the next ones. */
  silentWorkerMs: 86_400_000,
  /** Probes that are looked at in one tick. */
  settledAtOnce: 50,
} as const;
