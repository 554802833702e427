/** `kiln top` as lines of text. */
import { roughTime, type Tenant } from '@kiln/shared';
import { busyText } from '../busy-slots.ts';
import { rateText } from '../frame-rate.ts';
import { framesText, shareSettled, waitWords } from '../job-words.ts';
import { formatAge, formatDuration, table } from '../output.ts';
import { bar } from '../render/progress-reporter.ts';
import { cutText } from '../text-width.ts';
import type { FarmSnapshot, TopJob, TopWorker } from './farm-snapshot.ts';

const BAR_CELLS = 10;
/** Long names are cut, so that what comes behind them is seen. */
const NAME_COLUMNS = 24;

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** Everything in sections, in as many lines as it takes. */
export function topLines(farm: FarmSnapshot, nowMs: number): string[][] {
  const { busy, all } = farm.slots;
  const ready = farm.workers.filter(({ state }) => state === 'ready').length;
  const running = farm.jobs.filter(({ state }) => state === 'running').length;
  const more = farm.moreJobs ? '+' : '';
  const jobs = `${farm.jobs.length}${more} job${farm.jobs.length === 1 && more === '' ? '' : 's'} under way, ${running}${more} running`;
  const head = [
    `Slots ${bar(all === 0 ? 0 : busy / all)} ${busy}/${all} busy   ${ready} of ${farm.workers.length} workers ready   ${jobs}`,
  ];
  const sections = [
    head,
    lines(
      ['WORKER', 'STATE', 'BUSY', 'LIVE', 'SEEN', 'SCENE', 'DRAWS'],
      farm.workers.map((one) => workerRow(one, nowMs)),
      'No workers.',
    ),
    lines(
      ['JOB', 'STATE', 'PRIO', 'DONE', 'FRAMES', '/MIN', 'LEFT', 'WAITS FOR', 'NAME'],
      farm.jobs.map(jobRow),
      'No jobs under way.',
    ),
  ];
  if (farm.tenants !== null) {
    sections.push(lines(['TENANT', 'HOLDS', 'SHARE', 'WEIGHT', 'LATELY'], tenantRows(farm.tenants), 'No tenants.'));
  }
  return sections;
}

const lines = (header: readonly string[], rows: readonly (readonly string[])[], empty: string) =>
  table(header, rows, empty).split('\n');

const workerRow = (
  { name, state, attempts, slots, sessions, seenAt, suspendedUntil, scenes, draws }: TopWorker,
  nowMs: number,
) => [
  cutText(name, NAME_COLUMNS),
  suspendedUntil === null ? state : 'suspended',
  busyText({ attempts, slots }),
  sessions === 0 ? '' : String(sessions),
  formatAge(seenAt, nowMs),
  cutText(scenes.join(', '), NAME_COLUMNS),
  draws.join(', '),
];

const jobRow = (job: TopJob) => [
  job.id,
  job.state,
  String(job.priority),
  bar(shareSettled(job), BAR_CELLS),
  framesText(job),
  job.pace === null ? '' : rateText(job.pace.framesPerMin),
  job.pace === null ? '' : roughTime(job.pace.leftMs),
  waitWords(job),
  job.name,
];

/** Those who hold most first. */
function tenantRows(tenants: readonly Tenant[]): string[][] {
  const held = tenants.reduce((sum, { heldSlots }) => sum + heldSlots, 0);
  return [...tenants]
    .sort((one, other) => other.heldSlots - one.heldSlots || other.usedSlotSec - one.usedSlotSec)
    .map(({ name, heldSlots, weight, usedSlotSec }) => [
      cutText(name, NAME_COLUMNS),
      String(heldSlots),
      held === 0 ? '' : `${Math.round((heldSlots / held) * 100)} %`,
      String(weight),
      formatDuration(usedSlotSec * 1_000),
    ]);
}

/**
 * The sections in the size of a terminal: no line wraps and none scrolls. What does not fit of a section is counted in its
 * last line; each gets an equal share of the rows, and what one does not need is the others'.
 */
export function fitScreen(sections: readonly (readonly string[])[], { columns, rows }: ScreenSize): string[] {
  const gaps = Math.max(0, sections.length - 1);
  const heights = shareRows(
    sections.map(({ length }) => length),
    Math.max(0, rows - gaps),
  );
  return sections
    .flatMap((section, index) => {
      const height = heights[index] ?? 0;
      const shown = section.length <= height ? section : cutSection(section, height);
      return index === 0 ? shown : ['', ...shown];
    })
    .slice(0, rows)
    .map((line) => cutText(line, columns));
}

const cutSection = (section: readonly string[], height: number) =>
  height < 2 ? section.slice(0, height) : [...section.slice(0, height - 1), `… ${section.length - height + 1} more`];

function shareRows(wanted: readonly number[], rows: number): number[] {
  const given = wanted.map(() => 0);
  for (let left = rows; left > 0; left--) {
    const next = given
      .map((height, index) => ({ height, index }))
      .filter(({ height, index }) => height < (wanted[index] ?? 0))
      .sort((one, other) => one.height - other.height)[0];
    if (next === undefined) break;
    given[next.index] = next.height + 1;
  }
  return given;
}
