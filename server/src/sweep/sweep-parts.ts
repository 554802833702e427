import type { Purges } from '../jobs/purge.ts';
import type { Services } from '../services.ts';
import type { UploadFiles } from '../uploads/upload-files.ts';

export interface SweepParts {
  readonly services: Pick<Services, 'store' | 'objects' | 'clock' | 'log' | 'config'>;
  readonly purges: Pick<Purges, 'purge' | 'purgeOlder'>;
  readonly uploads: UploadFiles;
}

/** When things that were last touched before then may go. */
export interface SweepTimes {
  readonly now: Date;
  /** Objects unreferenced, and files without a row stored, before then. */
  readonly objects: Date;
  readonly uploads: Date;
  readonly events: Date;
  /** Ended sessions, spent codes, scenes that were never uploaded. */
  readonly records: Date;
  /** What was sent to webhooks. */
  readonly deliveries: Date;
  /** What attempts said that ended before then; null: nothing goes. */
  readonly attemptLogs: Date | null;
  readonly estimates: Date;
  /** Jobs that were drawn for estimates, are put away and ended before then. */
  readonly probes: Date;
  /** Jobs that ended before then; null: nothing goes. */
  readonly jobs: Date | null;
}
