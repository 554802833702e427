/** Where code waits: every `await` of a file, named after the function that it is in. */
import { parseSync } from 'oxc-parser';

export interface Await {
  /** `FUNCTION.N`: the N-th `await` of that name in the file, from 1. */
  readonly name: string;
  /** Counts from 1. */
  readonly line: number;
  /** Of the `await`, or of the iterable that `for await` goes through. */
  readonly start: number;
  readonly end: number;
  /** Of what is waited for. */
  readonly operand: { readonly start: number; readonly end: number };
  /** Where the body of a `for await` begins, after its brace; null for an `await`. */
  readonly bodyStart: number | null;
  /** First sentence of the comment on the function, else of the one on the file. */
  readonly about: string;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

interface Comment {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

interface Place {
  readonly name: string;
  readonly about: string | null;
}

/** Outside of any function. */
const MODULE: Place = { name: 'module', about: null };
const COMMENTED = new Set(['ExportNamedDeclaration', 'FunctionDeclaration', 'MethodDefinition', 'VariableDeclaration']);

/**
 * @param path decides by its ending how the text is read.
 * @throws SyntaxError when the text cannot be parsed.
 */
export function awaitsOf(path: string, text: string): Await[] {
  const { program, errors, comments } = parseSync(path, text);
  const [error] = errors;
  if (error !== undefined) throw new SyntaxError(`${path}: ${error.message}`);
  const docs = docsOf(comments);
  const ofFile = headOf(docs, text);
  const counts = new Map<string, number>();
  const found: Await[] = [];

  const add = (node: Node, operand: Node, bodyStart: number | null, { name, about }: Place) => {
    const n = (counts.get(name) ?? 0) + 1;
    counts.set(name, n);
    const { start, end } = bodyStart === null ? node : operand;
    const line = text.slice(0, start).split('\n').length;
    found.push({ name: `${name}.${n}`, line, start, end, operand: spanOf(operand), bodyStart, about: about ?? ofFile });
  };
  const visit = (node: Node, place: Place, comment: string | null) => {
    const about = COMMENTED.has(node.type) ? (commentBefore(node.start, docs, text) ?? comment) : comment;
    const named = nameOf(node);
    const here = named === null ? place : { name: named, about: about ?? place.about };
    if (node.type === 'AwaitExpression' && isNode(node.argument)) add(node, node.argument, null, here);
    if (node.type === 'ForOfStatement' && node.await === true && isNode(node.right) && isNode(node.body)) {
      if (node.body.type !== 'BlockStatement') throw new SyntaxError(`${path}: the body of a for await has no braces`);
      add(node, node.right, node.body.start + 1, here);
    }
    for (const child of childrenOf(node)) visit(child, here, named === null ? about : null);
  };
  visit(program as unknown as Node, MODULE, null);
  return found;
}

/** First sentence of the comment on a file; empty when it has none. */
export const aboutFile = (path: string, text: string): string => headOf(docsOf(parseSync(path, text).comments), text);

const docsOf = <C extends Comment & { readonly type: string }>(comments: readonly C[]) =>
  comments.filter(({ type, value }) => type === 'Block' && value.startsWith('*'));

function headOf([head]: readonly Comment[], text: string): string {
  return head && text.slice(0, head.start).trim() === '' ? firstSentence(head.value) : '';
}

const spanOf = ({ start, end }: Node) => ({ start, end });

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, 'type') === 'string';

function childrenOf(node: Node): Node[] {
  return Object.values(node)
    .flat()
    .filter(isNode)
    .sort((a, b) => a.start - b.start);
}

const isFunction = (value: unknown) =>
  isNode(value) && (value.type === 'ArrowFunctionExpression' || value.type === 'FunctionExpression');

/** The name that this node gives to the function in it; null when it names none. */
function nameOf(node: Node): string | null {
  if (node.type === 'FunctionDeclaration') return textOf(node.id);
  if (node.type === 'MethodDefinition') return textOf(node.key);
  if (node.type === 'VariableDeclarator') return isFunction(node.init) ? textOf(node.id) : null;
  if (node.type === 'Property' || node.type === 'PropertyDefinition')
    return isFunction(node.value) ? textOf(node.key) : null;
  return null;
}

const textOf = (key: unknown): string | null => (isNode(key) && typeof key.name === 'string' ? key.name : null);

function commentBefore(start: number, docs: readonly Comment[], text: string): string | null {
  const doc = docs.findLast(({ end }) => end <= start);
  if (!doc || text.slice(doc.end, start).trim() !== '') return null;
  return firstSentence(doc.value) || null;
}

function firstSentence(comment: string): string {
  const words = comment
    .split('\n')
    .map((line) => line.replace(/^\s*\*+\s?/, '').trim())
    .join(' ')
    .trim();
  const [sentence = ''] = words.split(/(?<=[.!?]) |(?:^| )@/);
  return sentence.trim();
}
