/**
 * `npm run bench -- [NAME…] [--json] [--keep DIR] [--scene FILE] [--poses FILE]`: runs the named benches, or all. With
 * `--keep`, those that look at pictures keep them in that folder. `--scene` and `--poses` are what `live.warp` shows, and how
 * the camera moves there. With `--json` one object per measure and line; else a table. Every measure is appended to `infra/bench/results.jsonl`. A missed target never fails the run.
 */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { REPOSITORY } from '../src/repository.ts';
import { checkpointBench } from './checkpoint.ts';
import { deepFrameBench } from './deep-frame.ts';
import { dispatchBench } from './dispatch.ts';
import { encodeBench } from './encode.ts';
import { eventLoopBench } from './event-loop.ts';
import { firstFrameBench } from './first-frame.ts';
import { framesBench } from './frames.ts';
import { liveBench } from './live.ts';
import { liveBytesBench } from './live-bytes.ts';
import { liveLinkBench } from './live-link.ts';
import { liveSessionsBench } from './live-sessions.ts';
import { liveTilesBench } from './live-tiles.ts';
import { liveWarpBench } from './live-warp.ts';
import type { Bench, Measure } from './measure.ts';
import { memoryBench } from './memory.ts';
import { startBench } from './start.ts';
import { tracingBench } from './tracing.ts';

const BENCHES: readonly Bench[] = [
  framesBench,
  encodeBench,
  firstFrameBench,
  liveBench,
  liveWarpBench,
  liveLinkBench,
  liveSessionsBench,
  liveBytesBench,
  liveTilesBench,
  memoryBench,
  eventLoopBench,
  startBench,
  tracingBench,
  checkpointBench,
  deepFrameBench,
  dispatchBench,
];
const RESULTS = join(REPOSITORY, 'infra', 'bench', 'results.jsonl');

const { positionals: names, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean' },
    keep: { type: 'string' },
    scene: { type: 'string' },
    poses: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const { json = false, keep: keepDir = null, scene: scenePath = null, poses: posesPath = null } = values;
const unknown = names.filter((name) => !BENCHES.some((bench) => bench.name === name));
if (values.help || unknown.length > 0) {
  for (const name of unknown) process.stderr.write(`There is no bench “${name}”.\n`);
  process.stdout.write('npm run bench -- [NAME…] [--json] [--keep DIR] [--scene FILE] [--poses FILE]\n\n');
  for (const { name, about } of BENCHES) process.stdout.write(`  ${name.padEnd(12)} ${about}\n`);
  process.exit(unknown.length > 0 ? 2 : 0);
}

const date = new Date().toISOString();
const written: Promise<void>[] = [];
for (const bench of BENCHES.filter(({ name }) => names.length === 0 || names.includes(name))) {
  if (!json) process.stdout.write(`\n${bench.name}: ${bench.about}\n`);
  await bench.run(show, { keepDir, scenePath, posesPath });
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
