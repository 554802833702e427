/**
 * The points at which a process of a farm under test can be ended or held: before and after every `await` of these files.
 * They are read out of the code, so that none can be forgotten and the code carries none of them (adr/0011).
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../repository.ts';
import { type Await, aboutFile, awaitsOf } from './awaits.ts';
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

/** A file with points. */
export interface FaultPart {
  /** `server/dispatch/assign` */
  readonly name: string;
  /** A sentence. */
  readonly about: string;
  readonly points: readonly FaultPoint[];
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

const partName = (file: string) => file.replace('/src/', '/').replace(/\.ts$/, '');

export const pointName = (file: string, { name }: Pick<Await, 'name'>, side: Side) =>
  `${partName(file)}.${name}.${side}`;

/** The stages, each of which stands for a point of the code. */
export const STAGE_POINTS: readonly FaultPoint[] = STAGES.map(({ name, point, about }) => ({ name, point, about }));

/** Every file that has points, below `rootDir`. */
export async function readFaultParts(rootDir = REPOSITORY): Promise<FaultPart[]> {
  const listed = await Promise.all(
    FOLDERS.map(async (folder) => (await readdir(join(rootDir, folder))).map((name) => `${folder}/${name}`)),
  );
  const parts: FaultPart[] = [];
  for (const file of [...listed.flat(), ...FILES].filter(hasPoints).sort()) {
    const text = await readFile(join(rootDir, file), 'utf8');
    const awaits = awaitsOf(file, text);
    const points = awaits.flatMap((one) => pointsOf(file, text, one));
    const [first] = awaits;
    if (first) parts.push({ name: partName(file), about: aboutFile(file, text) || first.about, points });
  }
  return parts;
}

function pointsOf(file: string, text: string, one: Await): FaultPoint[] {
  const code = text.slice(one.operand.start, one.operand.end).replaceAll(/\s+/g, ' ');
  const short = code.length > 60 ? `${code.slice(0, 59)}…` : code;
  return (['before', 'after'] as const).map((side) => {
    const name = pointName(file, one, side);
    return { name, point: name, about: `${side} \`${short}\`, ${file}:${one.line}: ${one.about}` };
  });
}

/** Every point of the code below `rootDir`, the stages first. */
export const readFaultPoints = async (rootDir = REPOSITORY): Promise<FaultPoint[]> => [
  ...STAGE_POINTS,
  ...(await readFaultParts(rootDir)).flatMap(({ points }) => points),
];
