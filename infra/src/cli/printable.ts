/** Control characters and what turns the direction of writing: names and logs come from scenes, and a terminal obeys them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g;

/** Text of others as one line that a terminal only shows. */
export const printable = (text: string): string => text.replace(UNPRINTABLE, ' ');
