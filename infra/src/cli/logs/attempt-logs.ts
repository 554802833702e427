/** What happened in each attempt of a job. */
import { type Attempt, allPages, type Client, type Job } from '@kiln/shared';
import { faultText, resumed, stages } from '../attempt-text.ts';
import { formatDuration, formatTime } from '../output.ts';
import { printable } from '../printable.ts';
import { taskName } from '../task-name.ts';

/** An attempt with what it was about. */
export interface AttemptLog extends Attempt {
  readonly layer: string | null;
  /** As lists call it: `7`, `film.mp4`. */
  readonly task: string;
  readonly frameNumbers: readonly number[];
}

export interface LogChoice {
  readonly frame?: number;
  /** Only attempts that failed, or whose worker was lost. */
  readonly failed: boolean;
}

/** Newest last. */
export async function attemptLogs(
  client: Client,
  job: Pick<Job, 'id' | 'layers'>,
  { frame, failed }: LogChoice,
): Promise<AttemptLog[]> {
  const params = { jobId: job.id };
  const names = new Map(job.layers.map(({ id, name }) => [id, name]));
  const found: AttemptLog[] = [];
  for await (const task of allPages((at) => client.listTasks({ params, query: { ...at, limit: 1_000 } }))) {
    if (frame !== undefined && !task.frames.includes(frame)) continue;
    const about = { layer: names.get(task.layerId ?? '') ?? null, task: taskName(task), frameNumbers: task.frames };
    for (const attempt of task.attempts) {
      if (!failed || hasFailed(attempt)) found.push({ ...attempt, ...about });
    }
  }
  return found.sort((one, other) => beganMs(one) - beganMs(other));
}

const hasFailed = ({ state }: Attempt) => state === 'failed' || state === 'lost';

const beganMs = ({ startedAt, createdAt }: Attempt) => Date.parse(startedAt ?? createdAt);

/** A paragraph for each. @param severalLayers whether names of layers say anything */
export const logText = (attempts: readonly AttemptLog[], severalLayers: boolean): string =>
  attempts.map((attempt) => oneLog(attempt, severalLayers)).join('\n\n');

function oneLog(attempt: AttemptLog, severalLayers: boolean): string {
  const { layer, task, number, state, workerName, createdAt, startedAt, endedAt, reason, message, log } = attempt;
  const name = severalLayers && layer !== null ? `${layer} ${task}` : task;
  const took = startedAt === null || endedAt === null ? [] : [formatDuration(Date.parse(endedAt) - beganMs(attempt))];
  const head = [`${name}, try ${number}: ${state}`, workerName, formatTime(startedAt ?? createdAt), ...took];
  const why = reason === null ? (message ?? '') : message === null ? reason : `${reason}: ${message}`;
  const facts = [
    ['why', why],
    ['fault', faultText(attempt)],
    ['stages', stages(attempt)],
    ['resumed', resumed(attempt)],
  ];
  return [
    head.join('  '),
    ...facts.flatMap(([label = '', text = '']) => (text === '' ? [] : [`  ${label.padEnd(8)} ${text}`])),
    ...log.flatMap((lines) => lines.split('\n')).map((line) => `  | ${line}`),
  ]
    .map((line) => printable(line).trimEnd())
    .join('\n');
}
