#!/usr/bin/env node
// `npm run check`: every check that needs nothing started, side by side.
import { bootstrapSource } from './bootstrap.mjs';

await bootstrapSource('src/check/main.ts');
