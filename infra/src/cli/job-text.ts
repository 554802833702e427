/** A job as people read it. */
import { type Attempt, type Job, type JobBudget, progressText, requiresText, type Task, useText } from '@kiln/shared';
import { faultText, resumed, stages } from './attempt-text.ts';
import { framesText, tookText } from './job-words.ts';
import { count, formatTime, table } from './output.ts';
import { taskName } from './task-name.ts';

/** Its head, and its tasks with their attempts. */
export function jobText(job: Job, tasks: readonly Task[]): string {
  const facts = headOf(job).filter(({ text }) => text !== '');
  return [...facts.map(({ label, text }) => line(label, text)), '', tasksText(job, tasks)].join('\n');
}

/** Its head, with what was there before it was changed. */
export function changeText(before: Job, now: Job): string {
  const old = new Map(headOf(before).map(({ label, text }) => [label, text]));
  return headOf(now)
    .flatMap(({ label, text, isSet }) => {
      const was = old.get(label) ?? '';
      if (!isSet || was === text) return text === '' ? [] : [line(label, text)];
      return [line(label, `${text || 'none'} (was ${was || 'none'})`)];
    })
    .join('\n');
}

interface Fact {
  readonly label: string;
  /** Empty: there is nothing to say. */
  readonly text: string;
  /** Somebody has set it; other facts change by themselves. */
  readonly isSet?: boolean;
}

const line = (label: string, text: string) => `${label.padEnd(8)} ${text}`;

function headOf(job: Job): Fact[] {
  const { use } = job;
  return [
    { label: 'Job', text: job.id },
    { label: 'Name', text: job.name },
    { label: 'State', text: job.state, isSet: true },
    { label: 'Archived', text: job.archivedAt === null ? '' : formatTime(job.archivedAt), isSet: true },
    { label: 'Waits', text: job.waitsFor?.message ?? '' },
    { label: 'Priority', text: String(job.priority), isSet: true },
    { label: 'User', text: job.user ?? '' },
    { label: 'Tags', text: job.tags.join(', '), isSet: true },
    { label: 'Limits', text: limitsText(job), isSet: true },
    { label: 'Retries', text: String(job.maxAttempts - 1), isSet: true },
    { label: 'Stops', text: stopsText(job), isSet: true },
    { label: 'Requires', text: requirementsText(job), isSet: true },
    { label: 'Scene', text: job.sceneId },
    { label: 'Frames', text: framesText(job) },
    ...(job.progress ?? []).map((progress) => ({ label: 'Drawing', text: progressText(progress) })),
    { label: 'Created', text: formatTime(job.createdAt) },
    { label: 'Took', text: tookText(job) },
    { label: 'Use', text: use && (use.slotSec > 0 || use.estimate) ? useText(use, job.endedAt === null) : '' },
    { label: 'Budget', text: budgetText(use?.budget ?? null), isSet: true },
    { label: 'Error', text: job.error === null ? '' : `${job.error.code}: ${job.error.message}` },
  ];
}

function limitsText({ limits, maxSlots, maxPerHost }: Job): string {
  const own = [
    maxSlots === null ? [] : count(maxSlots, 'slot'),
    maxPerHost === null ? [] : `${maxPerHost} on a machine`,
  ];
  return [...limits, ...own.flat()].join(', ');
}

const stopsText = ({ maxFailedTasks }: Job): string =>
  maxFailedTasks === null ? '' : `when ${count(maxFailedTasks, 'task')} failed`;

/** Of each layer where they differ. */
function requirementsText({ layers }: Job): string {
  const texts = layers.map(({ requires }) => (requires ? requiresText(requires) : 'anything'));
  const [first = 'anything'] = texts;
  if (texts.every((text) => text === first)) return first === 'anything' ? '' : first;
  return layers.map(({ name }, index) => `${name}: ${texts[index]}`).join('; ');
}

const budgetText = (budget: JobBudget | null) =>
  budget === null ? '' : `${budget.budget}${budget.isApproved ? ', may go over it' : ''}`;

function tasksText({ layers }: Job, tasks: readonly Task[]): string {
  const names = new Map(layers.map(({ id, name }) => [id, name]));
  const rows = tasks.flatMap((task) => {
    const about = [...(layers.length > 1 ? [names.get(task.layerId ?? '') ?? ''] : []), taskName(task)];
    const part = failedPart(task, tasks);
    const why = part?.reason ? [`a part: ${part.reason}`, faultText(part)] : [];
    if (task.attempts.length === 0) return [[...about, task.state, '', '', '', ...why]];
    return task.attempts.map((attempt) => [
      ...about,
      attempt.state,
      String(attempt.number),
      attempt.workerName,
      stages(attempt) || resumed(attempt),
      attempt.reason ?? (attempt.state === 'yielded' ? 'something more urgent' : ''),
      faultText(attempt),
    ]);
  });
  const columns = ['FRAME', 'STATE', 'TRY', 'WORKER', 'STAGES', 'REASON', 'FAULT'];
  return table(layers.length > 1 ? ['LAYER', ...columns] : columns, rows);
}

/** Why the task that makes a frame of parts has failed before it was tried: the attempt that failed last at one of them. */
function failedPart({ kind, state, layerId, frames: [frame] }: Task, tasks: readonly Task[]): Attempt | undefined {
  if (kind !== 'assemble' || state !== 'failed') return undefined;
  const parts = tasks.filter((task) => task.part !== null && task.layerId === layerId && task.frames[0] === frame);
  const failed = parts.flatMap(({ attempts }) => attempts.filter(({ reason }) => reason !== null));
  return failed.sort((one, other) => endedMs(one) - endedMs(other)).at(-1);
}

const endedMs = ({ endedAt, createdAt }: Attempt) => Date.parse(endedAt ?? createdAt);
