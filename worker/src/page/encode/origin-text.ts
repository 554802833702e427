/** What a file says of where it comes from. */
import { KILN_VERSION } from '@kiln/shared';
import type { FrameOrigin } from './messages.ts';

export const SOFTWARE = `Kiln ${KILN_VERSION}`;

/** As JSON in ASCII, which every file format holds. */
export const asciiJson = (value: unknown): string =>
  JSON.stringify(value).replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

export const originJson = ({ sceneHash, frameNumber, settings, sampling, pass }: FrameOrigin): string =>
  asciiJson({ sceneHash, frameNumber, settings, sampling, ...(pass && { pass }) });
