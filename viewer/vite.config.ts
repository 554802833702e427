import { defineConfig } from 'vite';

export default defineConfig({
  base: '/',
  build: {
    outDir: 'dist/app',
    target: 'es2022',
    // The content policy allows no `data:` URLs: every asset is a file.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1_000,
  },
  worker: { format: 'es' },
  server: {
    // `npm run dev` beside a running farm: only the web app comes from vite.
    proxy: { '/api': { target: 'http://127.0.0.1:7700', ws: true, changeOrigin: true } },
  },
});
