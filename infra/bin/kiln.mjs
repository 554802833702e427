#!/usr/bin/env node
// The `kiln` command: registers the TypeScript loader, then hands over to the command line proper.
import { register } from 'tsx/esm/api';

register();
await import('../src/cli/main.ts');
