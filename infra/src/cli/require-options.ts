/** What a job's workers must have. */
import { addRequires, KilnError, matches, parseMemory, Requires } from '@kiln/shared';
import { Option } from 'commander';

export interface RequireOptions {
  readonly require?: Requires;
}

export const requireOption = () =>
  new Option(
    '--require <what>',
    'only workers that have tag=fast, gpu=NVIDIA, gpu-memory=8G, memory=16G, texture=16384, class=… (with commas between); may be repeated',
  ).argParser(parseRequire);

/** Words with commas between, after those of the same option before. @throws KilnError `request.invalid` */
export function parseRequire(text: string, before: Requires = {}): Requires {
  let all = before;
  for (const word of text.split(',')) {
    const at = word.indexOf('=');
    const name = word.slice(0, Math.max(0, at)).trim();
    const one = requireOf(name, word.slice(at + 1).trim());
    if (!one || !matches(Requires, one)) throw wrong(word.trim());
    all = addRequires(all, one) ?? {};
  }
  return all;
}

function requireOf(name: string, value: string): object | null {
  switch (name) {
    case 'tag':
      return { tags: [value] };
    case 'gpu':
      return { gpu: value };
    case 'gpu-memory':
      return { gpuMemoryBytes: parseMemory(value) };
    case 'memory':
      return { memoryBytes: parseMemory(value) };
    case 'class':
      return { adapterClass: value };
    case 'texture':
      return { maxTexturePx: Number(value) };
    default:
      return null;
  }
}

const wrong = (word: string) =>
  new KilnError(
    'request.invalid',
    `--require takes tag=NAME, gpu=NAME, gpu-memory=8G, memory=16G, texture=PIXELS and class=CLASS (kiln workers shows each), with commas between; “${word}” is none.`,
    { field: '--require' },
  );
