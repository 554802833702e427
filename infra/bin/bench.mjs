#!/usr/bin/env node
// `npm run bench`: what is measured, against its targets.
import { bootstrapSource } from './bootstrap.mjs';

await bootstrapSource('bench/main.ts');
