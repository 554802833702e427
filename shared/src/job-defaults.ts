/** The settings of a layer in full, as they decide a frame's pixels. */
import { DEFAULT_ENGINE, DEFAULT_SAMPLES } from './engine-defaults.ts';
import { defaultBitDepth } from './image-formats.ts';
import { withDefaults, withLaterDefaults } from './schema-defaults.ts';
import type { LayerRequest } from './schemas/job.ts';
import { DEFAULT_FORMAT, Pass, RenderSettings } from './schemas/settings.ts';

/**
 * What a layer asks for, with every default filled in, and every key and every pass in the order of the schema, so that
 * equal settings are equal as JSON.
 */
export function completeSettings(
  layer: Partial<Pick<LayerRequest, 'frames'>> & Omit<LayerRequest, 'frames'>,
): RenderSettings {
  const format = layer.format ?? DEFAULT_FORMAT;
  const bitDepth = layer.bitDepth ?? defaultBitDepth(format);
  const samples = layer.samples ?? DEFAULT_SAMPLES[layer.engine ?? DEFAULT_ENGINE];
  const settings = withDefaults(RenderSettings, { ...layer, bitDepth, samples }, 'the settings of the layer');
  return { ...settings, passes: Pass.enum.filter((pass) => settings.passes.includes(pass)) };
}

/** Settings as they were stored, by this version or an earlier one, with what that one did not know filled in. */
export const storedSettings = (settings: RenderSettings): RenderSettings => withLaterDefaults(RenderSettings, settings);
