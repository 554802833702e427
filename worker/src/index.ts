export { type FoundBrowser, findBrowser } from './browser/find-browser.ts';
export { type LaunchedBrowser, type LaunchOptions, launchBrowser } from './browser/launch-browser.ts';
export type { OpenPage } from './browser/open-page.ts';
export { type ProbeOptions, probeBackends } from './browser/probe-backends.ts';
export {
  abilitiesOf,
  adapterClassOf,
  autoBackendsOf,
  bestWebgl,
  bestWebgpu,
  type EngineDrawing,
  type GlCandidate,
  isSoftwareWebgpu,
  type ProbeResult,
  type WebgpuCandidate,
} from './browser/probe-result.ts';
export {
  browserEnvironment,
  type ConfigLine,
  readOfferings,
  readWorkerConfig,
  type WorkerConfig,
} from './config/worker-config.ts';
export { type LocalScene, loadLocalScene } from './local-scene.ts';
export { createLog, type Log } from './log.ts';
export { machineFacts } from './machine-facts.ts';
export type { BenchOutcome, LoadResult } from './page/contract.ts';
export { buildPage, PAGE_FOLDER } from './page-folder.ts';
export type { RunningWorker } from './running-worker.ts';
export { startWorker } from './worker.ts';
