/** The settings of a layer in full, as they decide a frame's pixels. */
import { withDefaults } from './schema-defaults.ts';
import type { LayerRequest } from './schemas/job.ts';
import { RenderSettings } from './schemas/settings.ts';

/**
 * What a layer asks for, with every default filled in and every key in the order of the schema, so that equal settings
 * are equal as JSON.
 */
export const completeSettings = (layer: LayerRequest): RenderSettings =>
  withDefaults(RenderSettings, layer, 'the settings of the layer');
