import { type ErrorCode, KilnError } from '@kiln/shared';

export const EXIT = {
  ok: 0,
  /** Frames failed, or the farm could not do what was asked. */
  failed: 1,
  /** A command line, file or value that cannot be right. */
  usage: 2,
  /** Nothing answers at the farm's address. */
  unreachable: 3,
  /** No key, a wrong one, or one that may not do this. */
  identity: 4,
  /** 128 + SIGINT. */
  interrupted: 130,
} as const;

const UNREACHABLE: ReadonlySet<ErrorCode> = new Set(['client.unreachable', 'client.bad_answer', 'server.draining']);
const BAD_INPUT = /^(request|resource|job|scene|upload)\./;
/** The same input can succeed another time: the farm's fault, not the input's. */
const FARM_FAILED: ReadonlySet<ErrorCode> = new Set([
  'request.too_many',
  'scene.import_failed',
  'upload.hash_mismatch',
]);

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof KilnError)) return EXIT.failed;
  if (UNREACHABLE.has(error.code)) return EXIT.unreachable;
  if (error.code.startsWith('identity.')) return EXIT.identity;
  return BAD_INPUT.test(error.code) && !FARM_FAILED.has(error.code) ? EXIT.usage : EXIT.failed;
}

/** One clear line, with the field at fault. */
export function errorLine(error: unknown): string {
  if (!(error instanceof KilnError)) return `error ${error instanceof Error ? error.message : String(error)}`;
  const message = error.message.replace(/\s*\n\s*/g, ' ');
  const where = error.field === undefined || message.includes(error.field) ? '' : ` (${error.field})`;
  return `error ${error.code}: ${message}${where}`;
}
