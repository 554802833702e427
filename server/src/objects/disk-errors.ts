/** Node's error code, such as `ENOENT`, or null. */
export function errorCodeOf(error: unknown): string | null {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : null;
  return typeof code === 'string' ? code : null;
}

/** The disk, the quota or the largest file size is reached. */
export const isDiskFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(errorCodeOf(error) ?? '');
