/** Which workers may draw what a job asks for, however busy they are. */
import { isAmple, type Layer, meets, type SceneNeeds, type WorkerIdentity } from '@kiln/shared';
import { covers } from './compile.ts';

export interface ReadyWorker {
  readonly id: string;
  readonly identity: WorkerIdentity;
}

export interface AskingLayer {
  readonly settings: Pick<Layer['settings'], 'engine' | 'backend'>;
  readonly requires?: Layer['requires'] | null;
}

export const draws = (
  { capabilities }: Pick<WorkerIdentity, 'capabilities'>,
  { engine, backend }: AskingLayer['settings'],
): boolean => capabilities.some((one) => one.engine === engine && covers(one.backend, backend));

/** It draws the layer, and has all that is required. */
export const isAble = (worker: WorkerIdentity, { settings, requires }: AskingLayer): boolean =>
  draws(worker, settings) && (!requires || meets(worker, requires));

/** Those that the dispatcher would give the layer to: of able workers the ones that its scene fits on, or all where it fits on none. */
export function ableWorkers(
  workers: readonly ReadyWorker[],
  layer: AskingLayer,
  sceneNeeds: SceneNeeds | null,
): readonly ReadyWorker[] {
  const able = workers.filter(({ identity }) => isAble(identity, layer));
  const ample = sceneNeeds === null ? able : able.filter(({ identity }) => isAmple(identity, sceneNeeds));
  return ample.length > 0 ? ample : able;
}
