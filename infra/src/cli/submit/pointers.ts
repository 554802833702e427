/** JSON Pointers (RFC 6901), and how people write them. */

/** The steps of a JSON Pointer (RFC 6901, section 4). */
export const pointerSteps = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));

/** `/layers/0/size` as people write it: `layers[0].size`. */
export const fieldName = (pointer: string): string =>
  pointerSteps(pointer).reduce(
    (text, step) => (/^\d+$/.test(step) ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`),
    '',
  );

/** One step down. */
export const pointerBelow = (pointer: string, step: string | number): string =>
  `${pointer}/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`;
