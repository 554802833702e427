/** What starts a server from outside: the supervisor and the command line. */
export {
  type EnvironmentVariables,
  explainConfig,
  readServerConfig,
  type ServerConfig,
} from './config/server-config.ts';
export { type Credentials, credentialsPath, readCredentials } from './identity/credentials-file.ts';
export { createLogger } from './log.ts';
export { type RunningServer, startServer } from './server.ts';
export { FolderLockedError } from './store/folder-lock.ts';
