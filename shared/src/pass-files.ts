/** Which files the passes of a frame are in. */
import { frameFileName, IMAGE_FORMATS } from './image-formats.ts';
import type { ImageFormat, Pass, RenderSettings } from './schemas/settings.ts';

type PassSettings = Pick<RenderSettings, 'passes' | 'format' | 'separatePasses'>;

/**
 * The passes that are alone in their files, the frame's first file first: that of the picture, where there is one.
 *
 * @returns null where one file holds all as layers.
 */
export function passesAlone({ passes, format, separatePasses }: PassSettings): readonly Pass[] | null {
  if (IMAGE_FORMATS[format].hasLayers && !separatePasses) return null;
  return passes.includes('beauty') ? ['beauty', ...passes.filter((pass) => pass !== 'beauty')] : passes;
}

/** The passes that a frame has a file of each of, its first file first; none where it is one file. */
export function passFilesOf(settings: PassSettings): readonly Pass[] {
  const alone = passesAlone(settings);
  return alone && alone.length > 1 ? alone : [];
}

/** Path of a frame's file within its layer: `depth/0001.png`; `0001.exr` where it is the only one. */
export function frameFilePath(frameNumber: number, format: ImageFormat, pass: Pass | null): string {
  const fileName = frameFileName(frameNumber, format);
  return pass === null ? fileName : `${pass}/${fileName}`;
}

/** Pixels of motion that a file of 16 bits goes up to, in both directions; 0 is in the middle. */
export const SHOWN_MOTION_PX = 512;
