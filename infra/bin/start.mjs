#!/usr/bin/env node
// `npm start`: sets up what is missing, then runs the farm until Ctrl-C.
import { bootstrap } from './bootstrap.mjs';

await bootstrap('start');
