import { PAGE_LIMITS } from '../limits.ts';
import { plainText } from '../plain-text.ts';

/** Different warnings that are kept. */
const MOST_WARNINGS = 20;

/** Keeps what three's loaders warn of, each thing once, until `end`: they tell what they do not read nowhere else. */
export function collectWarnings(): { readonly end: () => string[] } {
  const found = new Set<string>();
  const { warn } = console;
  console.warn = (...parts: unknown[]) => {
    warn(...parts);
    // The exporter is given nothing that it would leave out; where up is, the report says.
    if (/GLTFExporter|Z-UP coordinate/.test(String(parts[0]))) return;
    const text = formatted(parts);
    if (found.size < MOST_WARNINGS && text !== '') found.add(text);
  };
  return {
    end: () => {
      console.warn = warn;
      return [...found];
    },
  };
}

/** As the console shows it: `%s` and `%d` take the next part. Objects say nothing. */
function formatted([first, ...rest]: readonly unknown[]): string {
  const texts = rest.filter((part) => typeof part !== 'object').map(String);
  const text = String(first).replaceAll(/%[sd]/g, () => texts.shift() ?? '');
  const said = [text, ...texts].join(' ').replace(/^(THREE\.)?\w+(Loader|Parser|Composer): */, '');
  return plainText(said, PAGE_LIMITS.messageChars);
}
