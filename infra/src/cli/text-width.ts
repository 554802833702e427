/** Columns that text takes on a terminal. */

/** Takes no column: combining marks, joiners, variation selectors. */
const NARROW = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
/** Takes two: what Unicode (UAX 11) has as wide, and pictures. */
const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation})$/u;

const charWidth = (char: string): number => (NARROW.test(char) ? 0 : WIDE.test(char) ? 2 : 1);

export function textWidth(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

export const padText = (text: string, columns: number): string =>
  text + ' '.repeat(Math.max(0, columns - textWidth(text)));

/** As much of it as fits; `…` ends what does not. */
export function cutText(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  let cut = '';
  let width = 0;
  for (const char of text) {
    width += charWidth(char);
    if (width > columns - 1) break;
    cut += char;
  }
  return columns < 1 ? '' : `${cut}…`;
}
