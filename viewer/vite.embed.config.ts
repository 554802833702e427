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

/** `embed/kiln-preview.js`, for pages of other sites, with three in a file beside it. */
export default defineConfig({
  base: './',
  publicDir: false,
  plugins: [pureSchemas],
  build: {
    outDir: 'dist/embed',
    target: 'es2022',
    modulePreload: false,
    chunkSizeWarningLimit: 1_000,
    rolldownOptions: {
      input: { 'kiln-preview': 'src/embed/kiln-preview.ts' },
      preserveEntrySignatures: 'strict',
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: '[name]-[hash].js',
        codeSplitting: { groups: [{ name: 'three', test: /node_modules\/three\// }] },
      },
    },
  },
});
