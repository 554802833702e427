/** What the job of a file would take: its scene and its files are sent, and nothing is queued but the probe. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { FarmClient } from '../connection.ts';
import { abortOnInterrupt } from '../interrupt.ts';
import { estimateJob, type MadeEstimate } from '../render/estimate-job.ts';
import { jsonReporter } from '../render/json-reporter.ts';
import { progressReporter } from '../render/progress-reporter.ts';
import { prepareJob } from '../render/submit-job.ts';
import { UploadMemory } from '../scene/upload-memory.ts';
import { StatusLine } from '../status-line.ts';
import type { JobOfFile } from './job-file.ts';
import { inJobFile } from './job-file-names.ts';
import { sendFiles } from './send-files.ts';

/** @param isQuiet says nothing on the way. */
export async function estimateFile(farm: FarmClient, file: JobOfFile, isQuiet: boolean): Promise<MadeEstimate> {
  const signal = abortOnInterrupt();
  const status = new StatusLine(process.stderr);
  const observer = isQuiet ? jsonReporter(() => undefined) : progressReporter(status);
  const memory = new UploadMemory(join(homedir(), '.cache', 'kiln', 'uploads.json'));
  try {
    const layers = await sendFiles(farm, file, memory, observer, signal);
    const request = { source: file.source, job: { ...file.job, layers }, memory };
    const { body } = await prepareJob(farm, request, observer, signal);
    return await estimateJob(farm, body, observer, signal);
  } catch (error) {
    throw inJobFile(error, file.text);
  } finally {
    status.clear();
  }
}
