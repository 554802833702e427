/** What workers say of themselves beside what they draw with, and what work asks of them. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { LIMITS } from '../limits.ts';
import { STORABLE_CHARS } from '../storable-text.ts';

/**
 * What decides a picture's bytes besides the request: renderer string, driver, browser version, canary picture and what
 * `auto` is, hashed. Frames of one adapter class are byte for byte the same.
 */
export const AdapterClass = Type.String({ pattern: '^[0-9a-f]{16}$' });

export const WorkerTag = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9._:=/-]{0,63}$',
  description:
    'Word of 1 to 64 letters, digits, `.`, `_`, `:`, `=`, `/` or `-`, the first a letter or digit: `fast`, `node=a12`.',
});

const SOME_TAGS = { maxItems: LIMITS.workerTags, uniqueItems: true };

export const WorkerTags = Type.Array(WorkerTag, SOME_TAGS);

const BYTES = { minimum: 1, maximum: Number.MAX_SAFE_INTEGER };

/** Only workers that are known to have all of it are given the work. */
export const Requires = Type.Object(
  {
    tags: Type.Optional(Type.Array(WorkerTag, { ...SOME_TAGS, description: 'Tags that the worker has, all of them.' })),
    gpu: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        pattern: `^${STORABLE_CHARS}*[^\\s\\u0000\\ud800-\\udfff]${STORABLE_CHARS}*$`,
        description: 'Part of the GPU’s name, in capitals or not: `nvidia`, `RTX A6000`.',
      }),
    ),
    adapterClass: Type.Optional(
      Type.String({
        ...AdapterClass,
        description: 'Adapter class, as workers and jobs show theirs: workers of one draw the same, byte for byte.',
      }),
    ),
    gpuMemoryBytes: Type.Optional(
      Type.Integer({ ...BYTES, description: 'Memory of the GPU, at least, as its operator has set it.' }),
    ),
    memoryBytes: Type.Optional(Type.Integer({ ...BYTES, description: 'Memory of the machine, at least.' })),
    maxTexturePx: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 65_536,
        description: 'Edge of the largest texture that it takes, at least.',
      }),
    ),
  },
  {
    additionalProperties: false,
    description:
      'What a worker must have. A layer’s adds to its job’s: tags of both, the larger of two numbers, and its own GPU and class instead of the job’s.',
  },
);
export type Requires = Static<typeof Requires>;

/** Of requests and job files, for the job and for each layer. */
export const REQUIRES = { requires: Type.Optional(Requires) };

const NullableInteger = Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]);

/** Said at registration. Absent from workers of before; null where the machine does not tell. */
export const WORKER_FACTS = {
  /** Memory of the GPU as the operator has set it: a browser does not tell. */
  gpuMemoryBytes: Type.Optional(NullableInteger),
  /** Memory that the process may use. */
  memoryBytes: Type.Optional(NullableInteger),
  cpuCores: Type.Optional(Type.Integer({ minimum: 1 })),
  /** Edge of the largest texture. */
  maxTexturePx: Type.Optional(NullableInteger),
  tags: Type.Optional(WorkerTags),
};

/** A worker’s facts that work may ask for. */
export type WorkerFacts = Partial<Static<Type.TObject<typeof WORKER_FACTS>>> & {
  readonly renderer?: string;
  readonly adapterClass?: string;
};

/** What a scene takes of a worker, about. Where no worker has it, others draw it. */
export interface SceneNeeds {
  readonly gpuBytes: number;
  /** Edge of its largest texture. */
  readonly texturePx: number;
}

/** @returns null when nothing is required. */
export function addRequires(job: Requires = {}, layer: Requires = {}): Requires | null {
  const tags = [...new Set([...(job.tags ?? []), ...(layer.tags ?? [])])];
  const gpu = layer.gpu ?? job.gpu;
  const adapterClass = layer.adapterClass ?? job.adapterClass;
  const most = (key: 'gpuMemoryBytes' | 'memoryBytes' | 'maxTexturePx') => {
    const larger = Math.max(job[key] ?? 0, layer[key] ?? 0);
    return larger > 0 ? { [key]: larger } : {};
  };
  const all: Requires = {
    ...(tags.length > 0 ? { tags } : {}),
    ...(gpu === undefined ? {} : { gpu }),
    ...(adapterClass === undefined ? {} : { adapterClass }),
    ...most('gpuMemoryBytes'),
    ...most('memoryBytes'),
    ...most('maxTexturePx'),
  };
  return Object.keys(all).length === 0 ? null : all;
}

/** What is not known of a worker it does not have. */
export const meets = (worker: WorkerFacts, requires: Requires): boolean =>
  (requires.tags ?? []).every((tag) => worker.tags?.includes(tag)) &&
  (requires.gpu === undefined || hasGpu(worker, requires.gpu)) &&
  (requires.adapterClass === undefined || requires.adapterClass === worker.adapterClass) &&
  (worker.gpuMemoryBytes ?? 0) >= (requires.gpuMemoryBytes ?? 0) &&
  (worker.memoryBytes ?? 0) >= (requires.memoryBytes ?? 0) &&
  (worker.maxTexturePx ?? 0) >= (requires.maxTexturePx ?? 0);

const hasGpu = ({ renderer = '' }: WorkerFacts, gpu: string) =>
  renderer.toLowerCase().includes(gpu.trim().toLowerCase());

/** Whether a scene fits, as far as is known. */
export const isAmple = ({ gpuMemoryBytes, maxTexturePx }: WorkerFacts, { gpuBytes, texturePx }: SceneNeeds): boolean =>
  (gpuMemoryBytes ?? Number.POSITIVE_INFINITY) >= gpuBytes && (maxTexturePx ?? Number.POSITIVE_INFINITY) >= texturePx;
