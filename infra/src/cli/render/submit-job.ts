/** From a scene on this disk, or on the farm, to a job that waits there. */
import { type Job, type JobRequest, leftOutText, type Scene } from '@kiln/shared';
import type { UrlStorage } from 'tus-js-client';
import type { FarmClient } from '../connection.ts';
import { type AddSceneObserver, addScene } from '../scene/add-scene.ts';
import { storedScene } from '../scene/ready-scene.ts';
import { withSound } from './sound.ts';

export interface SubmitRequest {
  /** Path of a scene on this disk, or id of one on the farm. */
  readonly source: string;
  readonly job: Omit<JobRequest, 'sceneId'>;
  readonly memory: UrlStorage;
  /** Path of a sound file for the films that take one. */
  readonly audio?: string;
}

export interface SubmitObserver extends AddSceneObserver {
  submitted(job: Job): void;
  /** What frames are drawn without, in a sentence. */
  leftOut(message: string): void;
}

const SCENE_ID = /^scn_[0-9a-z]{20}$/;

/** Whether a source is the id of a scene on the farm. */
export const isSceneId = (source: string): boolean => SCENE_ID.test(source);

/** The scene and the files of a job are on the farm then. @throws KilnError what the farm says. */
export async function prepareJob(
  farm: FarmClient,
  { source, job: request, memory, audio }: SubmitRequest,
  observer: AddSceneObserver,
  signal: AbortSignal,
): Promise<{ readonly scene: Scene; readonly body: JobRequest }> {
  const scene = isSceneId(source)
    ? await storedScene(farm, source, observer, signal)
    : await addScene(farm, source, memory, observer, signal);
  const layers = await withSound(farm, request.layers, audio, memory, observer, signal);
  return { scene, body: { ...request, layers, sceneId: scene.id } };
}

/** @throws KilnError what the farm says; when `signal` is aborted before the job is made, its reason. */
export async function submitJob(
  farm: FarmClient,
  request: SubmitRequest,
  observer: SubmitObserver,
  signal: AbortSignal,
): Promise<Job> {
  const { scene, body } = await prepareJob(farm, request, observer, signal);
  signal.throwIfAborted();
  const job = await farm.client.createJob({ body });
  observer.submitted(job);
  for (const message of leftOutOf(scene, job)) observer.leftOut(message);
  return job;
}

/** Each sentence once, for all layers. */
function leftOutOf({ report }: Scene, { layers }: Job): ReadonlySet<string> {
  const texts = report ? layers.map(({ settings }) => leftOutText(report, settings)) : [];
  return new Set(texts.filter((text) => text !== null));
}
