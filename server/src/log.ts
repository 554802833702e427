import { type DestinationStream, type Logger, pino } from 'pino';
import type { ServerConfig } from './config/server-config.ts';

/** What must never be written, wherever it turns up in a logged object. */
const SECRET_FIELDS = [
  'authorization',
  'cookie',
  'apiKey',
  'workerToken',
  'workerSecret',
  'password',
  'token',
  'secret',
];

/** Structured lines, one JSON object each. @param destination @defaultValue standard output */
export function createLogger(level: ServerConfig['logLevel'], destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { part: 'server', pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
      censor: '(hidden)',
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
