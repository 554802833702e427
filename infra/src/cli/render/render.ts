/** The whole of `kiln render`: a scene, a job, its frames on this disk. */
import type { Job, JobEstimate } from '@kiln/shared';
import type { FarmClient } from '../connection.ts';
import { type CollectObserver, collect, layerFolders } from './collect.ts';
import type { EstimateObserver } from './estimate-job.ts';
import { prepareOutFolder } from './out-folder.ts';
import { type SubmitObserver, type SubmitRequest, submitJob } from './submit-job.ts';

export interface RenderRequest extends SubmitRequest {
  /** Where frames go; those of several layers into a folder for each. */
  readonly folder: string;
}

export interface RenderObserver extends SubmitObserver, CollectObserver, EstimateObserver {
  estimated(estimate: JobEstimate): void;
}

/**
 * @returns the job as it ended, or stopped because too much of it had failed, when every frame of it is on this disk.
 * @throws KilnError; when `signal` is aborted, its reason. The job was cancelled then.
 */
export async function render(
  farm: FarmClient,
  request: RenderRequest,
  observer: RenderObserver,
  signal: AbortSignal,
): Promise<Job> {
  const removeEmptyFolder = await prepareOutFolder(request.folder);
  try {
    return await submitAndCollect(farm, request, observer, signal);
  } catch (error) {
    await removeEmptyFolder();
    throw error;
  }
}

async function submitAndCollect(
  farm: FarmClient,
  request: RenderRequest,
  observer: RenderObserver,
  signal: AbortSignal,
): Promise<Job> {
  const job = await submitJob(farm, request, observer, signal);
  try {
    const folderOf = layerFolders(request.folder, request.job.layers.length);
    return await collect(farm, job, { folderOf }, observer, signal);
  } catch (error) {
    // Nobody waits for its frames any more. One that has ended cannot be cancelled, which changes nothing.
    await farm.client.cancelJob({ params: { jobId: job.id } }).catch(() => undefined);
    throw signal.aborted ? signal.reason : error;
  }
}
