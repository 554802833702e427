/**
 * Test frames: nothing else of their job is begun before they are drawn, and approved where that is asked for. Nothing is stored of
 * whether they are: it follows from their tasks. While some are drawn anew the rest waits again, unless it was approved.
 */
import { type JobWait, KilnError } from '@kiln/shared';
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { Database } from '../store/tables.ts';
import type { JobRow } from './present.ts';

/** Test frames of the row `tested` of `layers` whose tasks are in a state. */
const testTasks = (state: 'succeeded' | 'failed'): RawBuilder<number> => sql<number>`(
  select count(*) from tasks t
  where t.layer_id = tested.id and t.kind = case when tested.division is null then 'render' else 'assemble' end
    and t.index < jsonb_array_length(tested.test_frames) and t.state = ${sql.lit(state)})`;

/** Whether the rest of the job of the row `l` of `layers`, which has test frames, may be begun. */
export const isGateOpen = (l: string): RawBuilder<boolean> => sql<boolean>`not exists (
  select from layers tested
  where tested.job_id = ${sql.ref(`${l}.job_id`)} and tested.test_gate in ('done', 'approval')
    and (tested.test_gate = 'approval' or jsonb_array_length(tested.test_frames) > ${testTasks('succeeded')}))`;

interface GateRow {
  readonly job_id: string;
  readonly name: string;
  readonly gate: 'done' | 'approval';
  readonly tests: number;
  readonly done: string;
  readonly failed: string;
}

/** Layers of these jobs whose test frames others wait for. */
async function readGates(db: Kysely<Database>, jobIds: readonly string[]): Promise<readonly GateRow[]> {
  const { rows } = await sql<GateRow>`
    select tested.job_id, tested.name, tested.test_gate as gate, jsonb_array_length(tested.test_frames) as tests,
      ${testTasks('succeeded')} as done, ${testTasks('failed')} as failed
    from layers tested
    where tested.job_id in (select jsonb_array_elements_text(${JSON.stringify(jobIds)}::jsonb))
      and tested.test_gate in ('done', 'approval')
    order by tested.position`.execute(db);
  return rows;
}

/** What jobs that go on wait for of which test frames have failed, or are to be approved. */
export async function readTestWaits(
  db: Kysely<Database>,
  jobs: readonly JobRow[],
): Promise<ReadonlyMap<string, JobWait>> {
  if (jobs.length === 0) return new Map();
  const rows = await readGates(
    db,
    jobs.map(({ id }) => id),
  );
  return new Map(
    jobs.flatMap((job): (readonly [string, JobWait])[] => {
      const wait = waitOf(
        job,
        rows.filter(({ job_id }) => job_id === job.id),
      );
      return wait ? [[job.id, wait]] : [];
    }),
  );
}

/** Open jobs some test frames of which have failed, or are done and to be approved, and that do not say so yet. */
export async function findUntoldGates(db: Kysely<Database>): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    select distinct j.id
    from layers tested join jobs j on j.id = tested.job_id
    where tested.test_gate in ('done', 'approval') and j.state in ('queued', 'running')
      and coalesce(j.waits_for->>'reason', '') not in ('tests', 'approval')
      and (${testTasks('failed')} > 0 or (tested.test_gate = 'approval'
        and ${testTasks('succeeded')} >= jsonb_array_length(tested.test_frames)))`.execute(db);
  return rows.map(({ id }) => id);
}

function waitOf({ id, frame_count, frames_done, frames_failed }: JobRow, gates: readonly GateRow[]): JobWait | null {
  const rest = frame_count - frames_done - frames_failed;
  if (rest === 0) return null;
  const others = rest === 1 ? 'the other frame' : `the other ${rest} frames`;
  const failed = gates.find((gate) => Number(gate.failed) > 0);
  if (failed) {
    const n = Number(failed.failed);
    const what = n === 1 ? 'A test frame' : `${n} test frames`;
    const message = `${what} of layer “${failed.name}” failed, and nothing else is begun: \`kiln job ${id} --retry\` tries again, \`--approve\` begins ${others} all the same.`;
    return { reason: 'tests', message };
  }
  if (!gates.some(({ gate }) => gate === 'approval') || !gates.every(isDone)) return null;
  const n = gates.reduce((sum, { tests }) => sum + tests, 0);
  const message = `${n === 1 ? 'Its test frame is' : `Its ${n} test frames are`} done, to be looked at: \`kiln job ${id} --approve\` begins ${others}.`;
  return { reason: 'approval', message };
}

const isDone = ({ tests, done }: GateRow) => Number(done) >= tests;

/**
 * The rest of the job may be begun. The caller holds its lock.
 *
 * @returns whether it waited for that.
 * @throws KilnError `resource.conflict` while its test frames are drawn.
 */
export async function approveTests(trx: Transaction<Database>, jobId: string): Promise<boolean> {
  const gates = await readGates(trx, [jobId]);
  if (gates.length === 0) return false;
  const mayApprove = gates.some(({ failed }) => Number(failed) > 0) || gates.every(isDone);
  if (!mayApprove) {
    const message = `the test frames of job ${jobId} are not done yet: look at them before you approve`;
    throw new KilnError('resource.conflict', message);
  }
  if (!gates.some(({ gate, failed }) => gate === 'approval' || Number(failed) > 0)) return false;
  await trx
    .updateTable('layers')
    .set({ test_gate: 'approved' })
    .where('job_id', '=', jobId)
    .where('test_gate', 'is not', null)
    .execute();
  return true;
}
