#!/usr/bin/env node
// The `kiln` command.
import { bootstrap } from './bootstrap.mjs';

await bootstrap('kiln');
