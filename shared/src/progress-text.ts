import type { FrameProgress } from './schemas/progress.ts';

/** `frame 3: 48 of 256 samples, 1 of 4 parts, about 2 min left` */
export function progressText(progress: FrameProgress): string {
  const { frameNumber, samplesDone, samplesTotal, partsDone, partsTotal, leftMs } = progress;
  const parts = partsTotal > 1 ? [`${partsDone} of ${partsTotal} parts`] : [];
  const left = leftMs === null ? [] : [`about ${roughTime(leftMs)} left`];
  return [`frame ${frameNumber}: ${samplesDone} of ${samplesTotal} samples`, ...parts, ...left].join(', ');
}

/** In whole seconds up to a minute and a half, in whole minutes up to as many hours. */
export function roughTime(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1_000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
