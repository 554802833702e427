// Stands in for the server: tells when it is ready, writes the credentials, ends when asked.
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const server = createServer((_, answer) => answer.end('ok'));
server.listen(Number(process.env.KILN_PORT), process.env.KILN_HOST, () => {
  const credentials = { url: process.env.KILN_URL, apiKey: 'key', workerToken: 'token' };
  writeFileSync(`${process.env.KILN_HOME}/credentials.json`, JSON.stringify(credentials));
  console.log(JSON.stringify({ redis: process.env.KILN_REDIS_URL }));
  process.send?.({ kiln: 'ready', detail: process.env.KILN_URL });
});
process.on('SIGTERM', () => process.exit(0));
process.on('disconnect', () => process.exit(0));
