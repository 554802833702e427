#!/usr/bin/env node
// `npm run simulate`: a farm on a virtual clock.
import { bootstrapSource } from './bootstrap.mjs';

await bootstrapSource('src/simulator/main.ts');
