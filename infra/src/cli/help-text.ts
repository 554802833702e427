/** Help texts in lines that a terminal of 80 columns shows whole. */

export const HELP_COLUMNS = 80;

/**
 * Paragraphs are broken between words: one ends with a line that ends with a point or a colon. Commands of examples go on
 * in the next line, as a shell takes it. Other lines that begin with a space stay as they are.
 */
export function wrapHelp(text: string, columns = HELP_COLUMNS): string {
  return paragraphs(text)
    .flatMap((line) => {
      if (line.length <= columns) return [line];
      if (line.startsWith('  $ '))
        return broken(line.split(/ (?=--|[A-Z_]+=|kiln )/), columns - 2, '      ').map(goesOn);
      return line.startsWith(' ') ? [line] : broken(line.split(' '), columns, '');
    })
    .join('\n');
}

function paragraphs(text: string): string[] {
  const found: string[] = [];
  for (const line of text.split('\n')) {
    const before = found.at(-1) ?? '';
    const isOver = /^ |^$|[.:]$/.test(before) || /^ |^$/.test(line);
    if (isOver || found.length === 0) found.push(line);
    else found[found.length - 1] = `${before} ${line}`;
  }
  return found;
}

const goesOn = (line: string, index: number, lines: readonly string[]) =>
  index < lines.length - 1 ? `${line} \\` : line;

function broken(words: readonly string[], columns: number, indent: string): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of words) {
    const next = current === '' ? word : `${current} ${word}`;
    if (next.length > columns && current.trim() !== '') {
      lines.push(current);
      current = indent + word;
    } else current = next;
  }
  return [...lines, current];
}
