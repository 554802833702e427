/** A job file as it is written: its values, and where each of them stands. */
import { readFile, stat } from 'node:fs/promises';
import { KilnError } from '@kiln/shared';
import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { CLI_LIMITS } from '../../limits.ts';
import { pointerSteps } from './pointers.ts';

export interface JobFileText {
  /** As it was named on the command line. */
  readonly path: string;
  readonly value: unknown;
  /** `job.yaml:7:5`: what a JSON Pointer names, or the nearest around it. */
  placeOf(pointer: string): string;
}

/** What names standard input on the command line, and what it is called in messages. */
const STDIN = '-';
const STDIN_NAME = 'standard input';

/**
 * YAML 1.2, of which JSON is a part; with merge keys, without tags.
 *
 * @param path `-`: what comes from `input`.
 * @throws KilnError `request.invalid` with line and column.
 */
export async function readJobFile(path: string, input: AsyncIterable<Buffer> = process.stdin): Promise<JobFileText> {
  if (path === STDIN) return readJobInput(input);
  const refuse = (why: string, cause?: unknown) =>
    new KilnError('request.invalid', `${path}: ${why}`, { field: 'FILE', cause });
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) throw refuse('there is no such file.');
  if (found.size > CLI_LIMITS.jobFileBytes) {
    throw refuse(`a job file has at most ${CLI_LIMITS.jobFileBytes} bytes, this one has ${found.size}.`);
  }
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw refuse('the file cannot be read.', cause);
  });
  return parseJobFile(path, textOf(bytes) ?? raise(refuse('it is no text in UTF-8.')));
}

async function readJobInput(input: AsyncIterable<Buffer>): Promise<JobFileText> {
  const refuse = (why: string) => new KilnError('request.invalid', `${STDIN_NAME}: ${why}`, { field: 'FILE' });
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of input) {
    chunks.push(chunk);
    sizeBytes += chunk.byteLength;
    if (sizeBytes > CLI_LIMITS.jobFileBytes)
      throw refuse(`a job file has at most ${CLI_LIMITS.jobFileBytes} bytes, this one has more.`);
  }
  if (sizeBytes === 0) throw refuse('nothing came; a job file was expected.');
  return parseJobFile(STDIN_NAME, textOf(Buffer.concat(chunks)) ?? raise(refuse('it is no text in UTF-8.')));
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function raise(error: Error): never {
  throw error;
}

/** @param path names it in messages. @throws KilnError `request.invalid` with line and column. */
export function parseJobFile(path: string, text: string): JobFileText {
  const lines = new LineCounter();
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, stringKeys: true });
  const [fault] = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  if (fault) throw new KilnError('request.invalid', `${place(fault.pos[0])}: ${asClause(fault.message)}.`);
  refuseTagsAndBombs(document, place);
  return { path, value: valuesOf(document, path), placeOf: (pointer) => place(offsetOf(document, pointer)) };
}

function valuesOf(document: Document.Parsed, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: CLI_LIMITS.jobFileAliases });
  } catch (cause) {
    throw new KilnError('request.invalid', `${path}: its aliases, which have aliases in them, stand for too much.`, {
      cause,
    });
  }
}

const asClause = (message: string) => message.replace(/[.\s]+$/, '').replaceAll(/\s*\n\s*/g, ' ');

/** What tags make of text depends on who reads it, and aliases of aliases grow beyond all bounds. */
function refuseTagsAndBombs(document: Document.Parsed, place: (offset: number) => string): void {
  const refuse = (node: { readonly range?: readonly number[] | null }, why: string): never => {
    throw new KilnError('request.invalid', `${place(node.range?.[0] ?? 0)}: ${why}.`);
  };
  let aliases = 0;
  visit(document, {
    Node: (_key, node, path) => {
      if (isAlias(node)) checkAlias(node, path);
      else if (node.tag !== undefined) refuse(node, `a job file has no tags, and this is ${node.tag}`);
    },
  });

  function checkAlias(alias: Alias, path: readonly unknown[]): void {
    const target = alias.resolve(document);
    if (!target) refuse(alias, `nothing before it is named by the anchor &${alias.source}`);
    if (path.includes(target)) refuse(alias, `*${alias.source} stands within what it repeats`);
    aliases += 1;
    if (aliases > CLI_LIMITS.jobFileAliases) {
      refuse(
        alias,
        `a job file has at most ${CLI_LIMITS.jobFileAliases} aliases, of which *${alias.source} is one more`,
      );
    }
  }
}

/** Where the key of a value stands, or the value itself where it has none. */
function offsetOf(document: Document.Parsed, pointer: string): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? 0;
  for (const step of pointerSteps(pointer)) {
    const whole = isAlias(node) ? node.resolve(document) : node;
    if (isMap(whole)) {
      const pair = whole.items.find(({ key }) => isScalar(key) && key.value === step);
      if (!pair) return offset;
      offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? offset) : offset;
      node = pair.value;
    } else if (isSeq(whole)) {
      const item = whole.items[Number(step)];
      if (item === undefined) return offset;
      offset = rangeOf(item) ?? offset;
      node = item;
    } else return offset;
  }
  return offset;
}

function rangeOf(node: unknown): number | undefined {
  return isAlias(node) || isMap(node) || isSeq(node) || isScalar(node) ? node.range?.[0] : undefined;
}
