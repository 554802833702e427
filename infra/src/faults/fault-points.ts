/**
 * The points at which a process of a farm under test can be ended or held: before and after every `await` of these files.
 * They are read out of the code, so that none can be forgotten and the code carries none of them (adr/0011).
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../repository.ts';
import { type Await, awaitsOf } from './awaits.ts';
import { STAGES } from './stages.ts';

export type Side = 'before' | 'after';

export interface FaultPoint {
  /** `server/dispatch/assign.settleClasses.1.before`, or the name of a stage. */
  readonly name: string;
  /** A sentence. */
  readonly about: string;
  /** The point that is meant; a stage stands for one. */
  readonly point: string;
}

/** Folders of which every file has points: the dispatcher, what it writes with, and a worker's way with a delivery. */
const FOLDERS = [
  'server/src/dispatch',
  'server/src/queue',
  'server/src/workers',
  'worker/src/deliveries',
  'worker/src/farm',
];
const FILES = [
  'server/src/events/changes.ts',
  'server/src/events/event-log.ts',
  'server/src/films/deliver-film.ts',
  'server/src/films/record-film.ts',
  'server/src/jobs/cancel.ts',
  'server/src/jobs/control.ts',
  'server/src/jobs/job-row.ts',
  'server/src/jobs/submit.ts',
  'server/src/objects/folder-object-store.ts',
  'server/src/objects/record-object.ts',
  'server/src/scenes/import-result.ts',
  'server/src/store/leader-lock.ts',
];

/** @param file path from the root, `/`-separated. */
export const hasPoints = (file: string) =>
  FILES.includes(file) ||
  FOLDERS.some((folder) => file.startsWith(`${folder}/`) && /^[^/]+\.ts$/.test(file.slice(folder.length + 1)));

export const pointName = (file: string, { name }: Pick<Await, 'name'>, side: Side) =>
  `${file.replace('/src/', '/').replace(/\.ts$/, '')}.${name}.${side}`;

/** Every point of the code below `rootDir`, the stages first. */
export async function readFaultPoints(rootDir = REPOSITORY): Promise<FaultPoint[]> {
  const listed = await Promise.all(
    FOLDERS.map(async (folder) => (await readdir(join(rootDir, folder))).map((name) => `${folder}/${name}`)),
  );
  const points: FaultPoint[] = [];
  for (const file of [...listed.flat(), ...FILES].filter(hasPoints).sort()) {
    const text = await readFile(join(rootDir, file), 'utf8');
    for (const one of awaitsOf(file, text)) {
      const code = text.slice(one.operand.start, one.operand.end).replaceAll(/\s+/g, ' ');
      const short = code.length > 60 ? `${code.slice(0, 59)}…` : code;
      for (const side of ['before', 'after'] as const) {
        const name = pointName(file, one, side);
        points.push({ name, point: name, about: `${side} \`${short}\`, ${file}:${one.line}: ${one.about}` });
      }
    }
  }
  return [...STAGES.map(({ name, point, about }) => ({ name, point, about })), ...points];
}
