#!/usr/bin/env node
// `npm run check`: every check that needs nothing started, side by side.
import { bootstrap } from './bootstrap.mjs';

await bootstrap('src/check/main.ts');
