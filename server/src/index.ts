/** What starts a server from outside, the supervisor and the command line; and how it decides, for the simulator. */
export {
  type EnvironmentVariables,
  explainConfig,
  readServerConfig,
  type ServerConfig,
} from './config/server-config.ts';
export type { Candidate } from './dispatch/candidate.ts';
export { loadedKey, type PickWorker } from './dispatch/desk.ts';
export { Heap } from './dispatch/heap.ts';
export { DISPATCH_LIMITS } from './dispatch/limits.ts';
export { passSpacingMs } from './dispatch/pass-spacing.ts';
export { type Pick, pick } from './dispatch/pick.ts';
export { endOfExpired, nextTry, type Retry } from './dispatch/retry-rule.ts';
export { ShareAccounts } from './dispatch/share-accounts.ts';
export { TaskTimes } from './dispatch/task-times.ts';
export { heldSec, NO_LOADS } from './dispatch/turns.ts';
export { type Credentials, credentialsPath, readCredentials } from './identity/credentials-file.ts';
export { createLogger } from './log.ts';
export { examineBucket } from './objects/examine-bucket.ts';
export { type RunningServer, startServer } from './server.ts';
export { FolderLockedError } from './store/folder-lock.ts';
