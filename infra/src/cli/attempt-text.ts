/** What an attempt did, for people. */
import { type Attempt, BACKEND_NAMES, type DrawStage, type Fault, samplingText } from '@kiln/shared';

/** ` (WebGL, 64 samples)` of a stage that draws. */
function drawn({ backend, sampling }: DrawStage): string {
  const facts = [...(backend ? [BACKEND_NAMES[backend]] : []), ...(sampling ? [samplingText(sampling)] : [])];
  return facts.length === 0 ? '' : ` (${facts.join(', ')})`;
}

export const resumed = ({ resumedFromSample }: Attempt): string =>
  resumedFromSample === null ? '' : `from sample ${resumedFromSample} on`;

/** `load 0.8 s, draw 0.1 s, …` of the attempt's last frame. */
export function stages(attempt: Attempt): string {
  const last = attempt.frames.at(-1)?.stages;
  if (last === undefined) return '';
  return Object.entries(last)
    .sort(([, one], [, other]) => one.startedAtMs - other.startedAtMs)
    .map(([name, time]) => `${name} ${Math.round(time.durationMs)} ms${drawn(time)}`)
    .join(', ');
}

const FAULTS: Readonly<Record<Fault, string>> = {
  scene: 'the scene’s',
  worker: 'the worker’s',
  infrastructure: 'the infrastructure’s',
};

/** Whose fault it is that it failed. */
export const faultText = ({ fault }: Attempt): string => (fault === null ? '' : FAULTS[fault]);
