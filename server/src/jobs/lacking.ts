/** What work requires that no worker has, in words with numbers. */
import {
  isAmple,
  type Layer,
  meets,
  memoryText,
  REQUIRED_AMOUNTS,
  type Requires,
  requiresText,
  type SceneNeeds,
  type WorkerFacts,
  type WorkerIdentity,
} from '@kiln/shared';
import { type AskingLayer, draws, isAble } from './able-workers.ts';

type NamedLayer = AskingLayer & Pick<Layer, 'name'>;

/**
 * Why no worker draws a layer that some could draw but for what it requires.
 *
 * @returns null when one has all of it, and when none draws such layers at all.
 */
export function lackingOf(layer: NamedLayer, workers: readonly WorkerIdentity[]): string | null {
  const able = workers.filter((worker) => draws(worker, layer.settings));
  return !layer.requires || able.length === 0 ? null : lacking(layer.name, layer.requires, able);
}

/** @param workers that could draw it otherwise; one at least. */
function lacking(layer: string, requires: Requires, workers: readonly WorkerFacts[]): string | null {
  if (workers.some((worker) => meets(worker, requires))) return null;
  const needs = `Layer “${layer}” needs`;
  const noneHas = (one: Requires) => !workers.some((worker) => meets(worker, one));
  for (const one of apart(requires)) {
    if (noneHas(one)) return `${needs} ${requiresText(one)}: ${lackIt(workers.length)}.`;
  }
  for (const { key, of, text } of REQUIRED_AMOUNTS) {
    const least = requires[key];
    if (least === undefined || !noneHas({ [key]: least })) continue;
    const known = workers.flatMap((worker) => worker[key] ?? []);
    return `${needs} ${text(least)} ${of}: ${mostOf(known, workers.length, text)}.`;
  }
  return `${needs} ${requiresText(requires)}: none of ${workers.length} workers has all of it.`;
}

/** What is no amount, one by one. */
const apart = ({ tags = [], gpu, adapterClass }: Requires): Requires[] => [
  ...tags.map((tag) => ({ tags: [tag] })),
  ...(gpu === undefined ? [] : [{ gpu }]),
  ...(adapterClass === undefined ? [] : [{ adapterClass }]),
];

const lackIt = (n: number) => (n === 1 ? 'the one worker that could draw it lacks it' : `none of ${n} workers has it`);

/** @param known amounts of those that say what they have, of so many. */
function mostOf(known: readonly number[], of: number, text: (amount: number) => string): string {
  if (known.length === 0) {
    return of === 1 ? 'the one worker that could draw it does not say' : `none of ${of} workers says what it has`;
  }
  const most = text(Math.max(...known));
  return known.length === 1 ? `the one worker that says has ${most}` : `the largest of ${known.length} has ${most}`;
}

/** What a job that is submitted now would wait for, or be drawn without. */
export function warningsOf(
  layers: readonly (NamedLayer & { readonly sceneNeeds: SceneNeeds | null })[],
  workers: readonly WorkerIdentity[],
): string[] {
  return layers.flatMap((layer) => {
    const lack = lackingOf(layer, workers);
    if (lack !== null) return [`${lack} The job would wait for one.`];
    const able = workers.filter((worker) => isAble(worker, layer));
    return layer.sceneNeeds === null ? [] : tooSmall(layer.name, layer.sceneNeeds, able);
  });
}

function tooSmall(layer: string, needs: SceneNeeds, able: readonly WorkerIdentity[]): string[] {
  if (able.length === 0 || able.some((worker) => isAmple(worker, needs))) return [];
  const takes = [
    ...(needs.gpuBytes > 0 ? [`about ${memoryText(needs.gpuBytes)} of GPU memory`] : []),
    ...(needs.texturePx > 0 ? [`textures of ${needs.texturePx} px`] : []),
  ];
  const who = able.length === 1 ? 'the one worker that could draw it is' : `all ${able.length} workers are`;
  return [
    `The scene of layer “${layer}” takes ${takes.join(' and ')}: ${who} smaller, and would draw it all the same.`,
  ];
}
