import type { KilnError } from '@kiln/shared';

/** Whether the page that drew is gone: another draws the same. */
export const isLoss = ({ code }: KilnError): boolean => code === 'render.page_lost' || code === 'render.timeout';
