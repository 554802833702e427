import { ServerMessage } from '@kiln/shared';
import { defineConfig, type Plugin } from 'vite';

/**
 * What makes schemas has no effects, so those that nobody uses go: `Type.Object(…)` and its like say so here. Without it the
 * script has a third more bytes.
 */
const pureSchemas: Plugin = {
  name: 'pure-schemas',
  enforce: 'pre',
  transform(code, id) {
    if (!/\/shared\/src\/.*\.ts$/.test(id)) return null;
    return code.replace(/(?<![\w.'])(?:Type\.[A-Z]\w*|Id|Schema)\(/g, '/* @__PURE__ */ $&');
  },
};

/** What checks a server's messages reads plain JSON: so it gets that, without what makes schemas. */
const plainMessages: Plugin = {
  name: 'plain-messages',
  enforce: 'pre',
  transform(code, id) {
    if (!id.endsWith('/shared/src/live/server-message.ts')) return null;
    const plain = code.replace(
      "import { ServerMessage } from './messages.ts';",
      `const ServerMessage = ${JSON.stringify(ServerMessage)};`,
    );
    if (plain === code) throw new Error('server-message.ts no longer has the import of its schema');
    return plain;
  },
};

const SCRIPTS: Readonly<Record<string, string>> = {
  'kiln-preview': 'src/embed/kiln-preview.ts',
  'kiln-remote-view': 'src/sdk/remote-view.ts',
};

/**
 * Scripts for pages of other sites, the one that `--mode` names: `kiln-preview.js`, with three in a file beside it, and
 * `kiln-remote-view.js`, which takes the page's own three.
 */
export default defineConfig(({ mode }) => {
  const entry = SCRIPTS[mode];
  if (!entry) throw new Error(`--mode is one of ${Object.keys(SCRIPTS).join(', ')}`);
  const isPreview = mode === 'kiln-preview';
  return {
    base: './',
    publicDir: false,
    plugins: [pureSchemas, plainMessages],
    build: {
      outDir: 'dist/embed',
      emptyOutDir: isPreview,
      target: 'es2022',
      modulePreload: false,
      chunkSizeWarningLimit: 1_000,
      rolldownOptions: {
        input: { [mode]: entry },
        preserveEntrySignatures: 'strict',
        external: isPreview ? [] : ['three', 'three/webgpu', 'three/tsl'],
        output: {
          entryFileNames: '[name].js',
          chunkFileNames: '[name]-[hash].js',
          ...(isPreview && { codeSplitting: { groups: [{ name: 'three', test: /node_modules\/three\// }] } }),
        },
      },
    },
  };
});
