/** What a decision of the dispatcher takes, with many tasks waiting and with few. */
import type { Measure } from './measure.ts';
import { type OwnService, query } from './own-services.ts';
import { startProgram } from './program.ts';

const MANY = 1_000_000;
const FEW = 1_000;
/** `server/bench/shapes.ts` */
const SHAPES = ['one-job', 'many-jobs', 'tenants', 'after', 'needs', 'needs-jobs', 'retried'];

interface Decisions {
  readonly coldMs: number;
  readonly warmMs: number;
}

export async function reportDecisions(postgres: OwnService, report: (measure: Measure) => void): Promise<void> {
  const urls: string[] = [];
  for (const name of ['few', 'many']) {
    await query(postgres.url, `create database ${name}`);
    urls.push(postgres.url.replace('/kiln?', `/${name}?`));
  }
  const passes = await startProgram('server/bench/passes.ts', [String(FEW), String(MANY), ...urls]);
  try {
    for (const shape of SHAPES) {
      const answer = passes.until<{ readonly few: Decisions; readonly many: Decisions }>(() => true);
      passes.send({ shape });
      const { few, many } = await answer;
      for (const kind of ['coldMs', 'warmMs'] as const) {
        const what = `dispatch.decision.${shape}.${kind === 'coldMs' ? 'cold' : 'warm'}`;
        report({ name: `${what}-${FEW}`, value: few[kind], unit: 'ms', target: '' });
        report({ name: `${what}-${MANY}`, value: many[kind], unit: 'ms', target: '' });
        report({ name: `${what}-ratio`, value: many[kind] / few[kind], unit: 'ratio', target: '≤ 2' });
      }
    }
  } finally {
    await passes.stop();
  }
}
