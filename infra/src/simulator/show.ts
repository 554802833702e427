/** Figures for people. */
import { table } from '../cli/output.ts';
import type { Figures, Waits } from './figures.ts';

export function show(figures: Figures): string {
  const { policy, tasks, utilisation, triedAgain, sceneLoads, durationSec, real, tenants } = figures;
  const facts = [
    `${percent(utilisation)} of the slots busy for ${duration(durationSec)}`,
    `${whole(tasks.succeeded)} tasks done`,
    ...(tasks.failed > 0 ? [`${whole(tasks.failed)} failed`] : []),
    ...(triedAgain > 0 ? [`${whole(triedAgain)} tried again`] : []),
    `${whole(sceneLoads)} scenes loaded`,
  ];
  const decided = `${whole(real.decisionsPerSec)} decisions/s, ${whole(real.passes)} passes of ${real.meanPassMs.toFixed(2)} ms (${real.slowestPassMs.toFixed(0)} ms at most), ${real.sec.toFixed(1)} s in all`;
  const rows = tenants.map((tenant) => [
    tenant.name,
    String(tenant.weight),
    percent(tenant.share),
    percent(tenant.dueShare),
    tenant.shareUnderBacklog === null ? '-' : percent(tenant.shareUnderBacklog),
    waits(tenant.jobWaits),
    waits(tenant.taskWaits),
    duration(tenant.longestWithoutSlotSec),
  ]);
  return [
    `${policy}: ${facts.join(', ')}`,
    `  ${decided}`,
    table(HEADER, rows),
    ...figures.violations.map((violation) => `VIOLATION: ${violation}`),
    ...(figures.violationCount > figures.violations.length
      ? [`${whole(figures.violationCount)} violations in all`]
      : []),
  ].join('\n');
}

const HEADER = ['TENANT', 'WEIGHT', 'HAD', 'DUE', 'UNDER BACKLOG', 'JOBS WAIT', 'TASKS WAIT', 'NO SLOT'];

const waits = ({ medianSec, p95Sec, maxSec }: Waits) => [medianSec, p95Sec, maxSec].map(duration).join(' / ');

const percent = (part: number) => `${(part * 100).toFixed(1)} %`;

const whole = (value: number) => Math.round(value).toLocaleString('en');

function duration(sec: number): string {
  if (sec < 10) return `${sec.toFixed(1)} s`;
  if (sec < 120) return `${sec.toFixed(0)} s`;
  if (sec < 7_200) return `${(sec / 60).toFixed(0)} min`;
  return `${(sec / 3_600).toFixed(1)} h`;
}
