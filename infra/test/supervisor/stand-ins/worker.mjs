// Stands in for a worker: it notices neither SIGTERM nor its parent's end when told to be STUBBORN.
const ours = Object.entries(process.env).filter(([name]) => name.startsWith('KILN_'));
console.log(JSON.stringify({ token: process.env.KILN_WORKER_TOKEN, ...Object.fromEntries(ours) }));
process.send?.({ kiln: 'ready', detail: 'stand-in' });
setInterval(() => undefined, 1_000);
if (process.env.STUBBORN) process.on('SIGTERM', () => undefined);
else process.on('disconnect', () => process.exit(0));
