#!/usr/bin/env node
// `npm test`: sets up what is missing, runs every check and the tests; with `--full`, the heavy ones too.
import { bootstrap } from './bootstrap.mjs';

await bootstrap('src/check/test-main.ts');
