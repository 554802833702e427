import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { LiveStage } from './live-stage.ts';
import type { LivePort } from './session-voice.ts';
import type { ViewHandOverParts } from './view-hand-over.ts';

export interface LiveSessionParts {
  readonly stage: LiveStage;
  readonly port: LivePort;
  readonly clock: Clock;
  readonly log: Log;
  /** [LV39] To the server. */
  readonly sendSums: ViewHandOverParts['send'];
}
