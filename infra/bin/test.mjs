#!/usr/bin/env node
// `npm test`: sets up what is missing, runs every check and the tests; with `--full`, the heavy ones too.
import { bootstrapSource } from './bootstrap.mjs';

await bootstrapSource('src/check/test-main.ts');
