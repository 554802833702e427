/** What a worker's machine has, in one cell of a table; nothing of workers that do not say. */
import { memoryText, type WorkerFacts } from '@kiln/shared';

export const factsText = ({ cpuCores, memoryBytes, gpuMemoryBytes, maxTexturePx }: WorkerFacts): string =>
  [
    ...(cpuCores === undefined ? [] : [`${cpuCores} ${cpuCores === 1 ? 'core' : 'cores'}`]),
    ...(memoryBytes ? [memoryText(memoryBytes)] : []),
    ...(gpuMemoryBytes ? [`GPU ${memoryText(gpuMemoryBytes)}`] : []),
    ...(maxTexturePx ? [`${maxTexturePx} px`] : []),
  ].join(', ');
