import { describe, expect, it } from 'vitest';
import { ERROR_CODES, ERRORS, isErrorCode, KilnError } from '../src/errors.ts';
import { table } from './markdown-table.ts';

/** ERRORS.md: written from the table by `npx vitest run shared/test/errors.test.ts -u`. */
function errorsPage(): string {
  const rows = ERROR_CODES.map((code) => {
    const { status, close, retryable, meaning } = ERRORS[code];
    return [`\`${code}\``, `${status}`, `${close}`, retryable ? 'yes' : 'no', meaning];
  });
  return [
    '# Errors',
    '',
    'Made from the table in `src/errors.ts`. _HTTP_ is the status of the answer, _close_ the close code of a WebSocket,',
    '_again_ whether the same request can succeed later without being changed.',
    '',
    ...table(['code', 'HTTP', 'close', 'again', 'meaning'], rows),
    '',
  ].join('\n');
}

describe('the error table', () => {
  it('is what ERRORS.md shows', async () => {
    await expect(errorsPage()).toMatchFileSnapshot('../ERRORS.md');
  });

  it.each(ERROR_CODES)('has a sound row for %s', (code) => {
    const { status, close, retryable, meaning } = ERRORS[code];
    expect(code).toMatch(/^[a-z]+\.[a-z_]+$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    // RFC 6455, section 7.4: 1009, 1011 and 1012 are registered, 4000 to 4999 are an application's own.
    expect([1009, 1011, 1012].includes(close) || (close >= 4400 && close < 4600)).toBe(true);
    expect(meaning).toMatch(/^[A-Z].*\.$/);
    // What the client has to change does not get better by waiting.
    if (retryable) expect([409, 410, 422, 429, 500, 503, 504, 507]).toContain(status);
    // It is also the reason of a close, which has at most 123 bytes.
    expect(code.length).toBeLessThan(124);
  });

  it('knows its own codes only', () => {
    expect(isErrorCode('job.bad_frame_range')).toBe(true);
    for (const other of ['', 'job', 'toString', '__proto__', 'JOB.BAD_FRAME_RANGE'])
      expect(isErrorCode(other)).toBe(false);
  });
});

describe('KilnError', () => {
  it('takes status, close code and retryability from the table', () => {
    const error = new KilnError('live.no_worker', 'no room');
    expect(error).toMatchObject({ name: 'KilnError', status: 503, close: 4503, retryable: true, message: 'no room' });
    expect(error).toBeInstanceOf(Error);
    expect('cause' in error).toBe(false);
  });

  it('carries field, position, request id and cause', () => {
    const cause = new Error('why');
    const error = new KilnError('request.invalid', 'm', { field: '/a', position: 3, requestId: 'r', cause });
    expect(error).toMatchObject({ field: '/a', position: 3, requestId: 'r', cause });
  });
});
