import { main } from './main.ts';

process.exitCode = await main(process.argv.slice(2));
// A server or worker that could not start: the line to its supervisor, and what it had opened, would keep it alive.
if (process.exitCode !== 0 && process.connected) process.exit();
