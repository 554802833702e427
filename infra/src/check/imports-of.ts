import { parseSync, Visitor } from 'oxc-parser';

export interface FoundImport {
  readonly specifier: string;
  /** Counts from 1. */
  readonly line: number;
}

/**
 * Every module that a file names: `import`, `export … from`, `import()`, `import type`, and `import('…')` in a type.
 *
 * @param path decides by its ending how the text is read.
 * @throws SyntaxError when the text cannot be parsed.
 */
export function importsOf(path: string, text: string): FoundImport[] {
  const { program, errors } = parseSync(path, text);
  const [error] = errors;
  if (error !== undefined) throw new SyntaxError(`${path}: ${error.message}`);

  const found: FoundImport[] = [];
  const add = (source: { readonly value: unknown; readonly start: number } | null) => {
    if (typeof source?.value !== 'string') return;
    found.push({ specifier: source.value, line: text.slice(0, source.start).split('\n').length });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ImportExpression: (node) => {
      if (node.source.type === 'Literal') add(node.source);
    },
    TSImportType: (node) => add(node.source),
  }).visit(program);
  return found;
}
