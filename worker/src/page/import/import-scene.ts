import type { PageCall, ImportOutcome } from '../contract.ts';
import type { PageServices } from '../page-services.ts';
export async function importScene(_s: PageServices, _c: Extract<PageCall, {call:'import'}>, _p: (f: number) => void): Promise<{ result: ImportOutcome; bytes?: ArrayBuffer }> { throw new Error('x'); }
