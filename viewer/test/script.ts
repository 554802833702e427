import { build } from 'vite';

/**
 * Bundles a module for a page of its own.
 *
 * @param external what the page brings itself.
 * @returns its JavaScript.
 */
export async function scriptOf(entry: string, external: string[] = []): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: false,
      lib: { entry, formats: ['es'] },
      rolldownOptions: { external, output: { codeSplitting: false } },
    },
  });
  const [output] = Array.isArray(built) ? built : [built];
  if (!output || !('output' in output)) throw new Error(`${entry} was not built`);
  return output.output[0].code;
}
