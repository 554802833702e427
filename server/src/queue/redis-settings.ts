/** Settings of Redis without which deliveries could vanish. Nothing breaks for good then, but frames are done later. */
import type { Logger } from 'pino';
import type { RedisConnections } from './redis.ts';

/** @returns a sentence for each setting that is wrong. */
export function settingFaults(info: string): string[] {
  const value = (name: string) => new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1]?.trim();
  const faults: string[] = [];
  const policy = value('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction') {
    faults.push(`Redis evicts keys when it is full (maxmemory-policy is ${policy}): set it to noeviction`);
  }
  if (value('aof_enabled') === '0') {
    faults.push(
      'Redis keeps no append-only file: a restart loses deliveries, which are then sent again; set appendonly yes',
    );
  }
  return faults;
}

export async function warnOfSettings({ commands }: RedisConnections, log: Logger): Promise<void> {
  try {
    for (const fault of settingFaults(await commands.info())) log.warn(fault);
  } catch (error) {
    log.info({ err: error }, 'the settings of Redis could not be read');
  }
}
