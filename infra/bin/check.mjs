#!/usr/bin/env node
// `npm run check`: every check that needs nothing started, side by side.
import { register } from 'tsx/esm/api';

register();
await import('../src/check/main.ts');
