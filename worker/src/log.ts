import { type Logger, pino } from 'pino';

/** JSON lines with ids; every part of the worker gets a child of one logger. */
export type Log = Logger;

/** @param level `silent` writes nothing. */
export function createLog(level: string): Log {
  return pino({ level, base: { process: 'worker', pid: process.pid }, redact: ['token', '*.token', '*.leaseToken'] });
}
