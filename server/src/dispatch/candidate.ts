/** Work that waits, as a pass of the dispatcher sees it. */
import type { Backend, Division, Engine, FilmMaker, Requires, SceneNeeds, TaskKind } from '@kiln/shared';
import type { WorkTerms } from './bounds.ts';
import type { WorkClasses } from './class-choice.ts';

export type Lane = 'render' | 'import' | 'film';

export const laneOf = (kind: TaskKind | Candidate['kind']): Lane =>
  kind === 'import' || kind === 'film' ? kind : 'render';

/** Work that waits: one task, or the unreleased rest of a layer, from which tasks are cut as they are picked. */
export type Candidate = {
  readonly tenantId: string;
  readonly sceneHash: string;
  /** Larger goes first. */
  readonly priority: number;
  /** Unix milliseconds; older goes first. */
  readonly createdAtMs: number;
  /** Position of the layer in its job. */
  readonly position: number;
} & (
  | { readonly kind: 'import'; readonly taskId: string }
  | { readonly kind: 'film'; readonly taskId: string; readonly jobId: string; readonly maker: FilmMaker }
  | ({
      readonly kind: 'task';
      readonly taskId: string;
      readonly index: number;
      /** Of the frame that it is a part of; null of whole frames, and of tasks that make frames of parts. */
      readonly division: Division | null;
      /** Workers at which it failed: it goes there only when no other can do it. */
      readonly failedAt: readonly string[];
    } & RenderWork)
  | ({
      readonly kind: 'cursor';
      readonly sceneId: string;
      readonly frameTimeoutMs: number;
      /** The job has begun: giving out more of it changes nothing but its cursor. */
      readonly isRunning: boolean;
      readonly division: Division | null;
      readonly next: number;
      readonly remaining: number;
    } & RenderWork)
);

interface RenderWork extends WorkClasses {
  readonly jobId: string;
  readonly layerId: string;
  readonly engine: Engine;
  readonly backend: Backend | 'auto';
  /** Who submitted its job; null: nobody in particular. @defaultValue null */
  readonly user?: string | null;
  /** Priority that it has gained by waiting. @defaultValue 0 */
  readonly gained?: number;
  /** What its workers must have. @defaultValue null, anything */
  readonly requires?: Requires | null;
  /** What its scene takes: others draw it where no worker has so much. @defaultValue null, nothing that any has not */
  readonly sceneNeeds?: SceneNeeds | null;
  /** What bounds it beside its tenant's slots. @defaultValue nothing */
  readonly terms?: WorkTerms;
  /** Measured time of a task of this layer in milliseconds; null while unknown. */
  readonly taskMs: number | null;
  /** How long a slot is taken by one. @defaultValue `taskMs` */
  readonly slotMs?: number | null;
}

/** Those that are given out in lanes of their own need no scene that is loaded. */
export const needsScene = ({ kind }: Candidate): boolean => kind === 'task' || kind === 'cursor';

/** More urgent first: priority, with what was gained by waiting, then age, then the order within a job. */
export function byUrgency(a: Candidate, b: Candidate): number {
  return urgencyOf(b) - urgencyOf(a) || a.createdAtMs - b.createdAtMs || a.position - b.position || rank(a) - rank(b);
}

const urgencyOf = (candidate: Candidate) => candidate.priority + ('gained' in candidate ? (candidate.gained ?? 0) : 0);

/** Tasks that came back go before those that were never tried. */
const rank = (candidate: Candidate) =>
  candidate.kind === 'cursor' ? Number.MAX_SAFE_INTEGER : 'index' in candidate ? candidate.index : 0;
