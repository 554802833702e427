import { completeSettings } from '../job-defaults.ts';
import type { RenderSettings } from '../schemas/settings.ts';
import type { LiveView } from './messages.ts';

/** [LV30] What a job's settings are that draws what a live view comes to; its camera is `auto` where the view's is the pose. */
export const settingsOfView = ({ frameNumber, depth, tiles, camera = 'auto', ...look }: LiveView): RenderSettings =>
  completeSettings({ ...look, camera, format: 'png' });
