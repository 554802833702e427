import { defaultBitDepth } from '../image-formats.ts';
import { withDefaults } from '../schema-defaults.ts';
import { RenderSettings } from '../schemas/settings.ts';
import type { LiveView } from './messages.ts';

/** [LV30] What a job's settings are that draws what a live view comes to; its camera is `auto` where the view's is the pose. */
export function settingsOfView({ frameNumber, depth, tiles, camera = 'auto', ...look }: LiveView): RenderSettings {
  const format = 'png';
  const settings = { ...look, camera, format, bitDepth: defaultBitDepth(format) };
  return withDefaults(RenderSettings, settings, 'the settings of the view');
}
