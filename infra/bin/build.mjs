#!/usr/bin/env node
// `npm run build`: the page's bundle and the web app, as `npm start` builds them, and the types of the viewer's package.
import { bootstrap } from './bootstrap.mjs';

await bootstrap('build');
