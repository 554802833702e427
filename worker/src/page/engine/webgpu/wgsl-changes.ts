/** Changes to functions of a library that are text in WGSL, with nodes in between. */

export interface WgslFunction {
  /** One more than there are nodes. */
  tokens: readonly string[];
  args: readonly unknown[];
}

export interface WgslChange {
  /** A node is `⟨number⟩` in the text. */
  readonly from: RegExp;
  /** `@name` stands for a node that is put in. */
  readonly to: string;
}

/** @throws Error when one of the places is not there: then the library is another one, and so may its pictures be. */
export function changeWgsl(
  fn: WgslFunction,
  changes: readonly WgslChange[],
  nodes: Readonly<Record<string, unknown>> = {},
): void {
  let text = fn.tokens.map((token, at) => (at < fn.args.length ? `${token}⟨${at}⟩` : token)).join('');
  for (const { from, to } of changes) {
    const before = text;
    text = before.replace(from, to);
    if (text === before) throw new Error(`the path tracer's kernel has changed: no ${from}`);
  }
  const tokens: string[] = [];
  const args: unknown[] = [];
  // Text and what follows it, in turns.
  for (const [place, piece] of text.split(/⟨(\d+)⟩|@([a-zA-Z]+)/).entries()) {
    if (place % 3 === 0) tokens.push(piece);
    else if (piece !== undefined) args.push(place % 3 === 1 ? fn.args[Number(piece)] : nodes[piece]);
  }
  fn.tokens = tokens;
  fn.args = args;
}
