// A supervisor of its own process, which a test can kill: prints one JSON line an event.
import { dirname, join } from 'node:path';
import { readFarmConfig } from '../../../src/config.ts';
import { Farm } from '../../../src/supervisor/farm.ts';

const here = dirname(import.meta.filename);
const say = (event: string, detail: unknown) => console.log(JSON.stringify({ event, detail }));
const farm = new Farm(
  readFarmConfig(),
  {
    server: [process.execPath, join(here, 'server.mjs')],
    worker: [process.execPath, join(here, 'worker.mjs')],
    redisBinary: 'redis-server',
    webAppDir: here,
    embedDir: here,
  },
  {
    starting: (name) => say('starting', name),
    ready: (name) => say('ready', name),
    crashed: (name) => say('crashed', name),
    trouble: (name) => say('trouble', name),
    ended: (names) => say('ended', names),
  },
);
process.on('SIGTERM', () => void farm.stop().then(() => process.exit(0)));
await farm.start();
say('started', farm.url);
