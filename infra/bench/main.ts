/**
 * `npm run bench -- [NAME…] [--json]`: runs the named benches, or all. With `--json` one object per measure and line;
 * else a table. Every measure is appended to `infra/bench/results.jsonl`. A missed target never fails the run.
 */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../src/repository.ts';
import { checkpointBench } from './checkpoint.ts';
import { deepFrameBench } from './deep-frame.ts';
import { dispatchBench } from './dispatch.ts';
import { encodeBench } from './encode.ts';
import { eventLoopBench } from './event-loop.ts';
import { firstFrameBench } from './first-frame.ts';
import { framesBench } from './frames.ts';
import { liveBench } from './live.ts';
import type { Bench, Measure } from './measure.ts';
import { memoryBench } from './memory.ts';
import { startBench } from './start.ts';
import { tracingBench } from './tracing.ts';

const BENCHES: readonly Bench[] = [
  framesBench,
  encodeBench,
  firstFrameBench,
  liveBench,
  memoryBench,
  eventLoopBench,
  startBench,
  tracingBench,
  checkpointBench,
  deepFrameBench,
  dispatchBench,
];
const RESULTS = join(REPOSITORY, 'infra', 'bench', 'results.jsonl');

const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const json = process.argv.includes('--json');
const unknown = names.filter((name) => !BENCHES.some((bench) => bench.name === name));
if (process.argv.includes('--help') || unknown.length > 0) {
  for (const name of unknown) process.stderr.write(`There is no bench “${name}”.\n`);
  process.stdout.write('npm run bench -- [NAME…] [--json]\n\n');
  for (const { name, about } of BENCHES) process.stdout.write(`  ${name.padEnd(12)} ${about}\n`);
  process.exit(unknown.length > 0 ? 2 : 0);
}

const date = new Date().toISOString();
const written: Promise<void>[] = [];
for (const bench of BENCHES.filter(({ name }) => names.length === 0 || names.includes(name))) {
  if (!json) process.stdout.write(`\n${bench.name}: ${bench.about}\n`);
  await bench.run(show);
}

await Promise.all(written);

function show(measure: Measure): void {
  const rounded = { ...measure, value: Number(measure.value.toPrecision(4)) };
  if (json) process.stdout.write(`${JSON.stringify(rounded)}\n`);
  else {
    const target = measure.target === '' ? '' : `(target ${measure.target})`;
    process.stdout.write(
      `  ${measure.name.padEnd(44)} ${String(rounded.value).padStart(9)} ${measure.unit.padEnd(9)} ${target}\n`,
    );
  }
  written.push(appendFile(RESULTS, `${JSON.stringify({ date, ...rounded })}\n`));
}
