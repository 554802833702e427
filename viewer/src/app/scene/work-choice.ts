/** How the farm draws a frame: with which graphics interface, and divided among how many tasks. Neither changes what it is of. */
import {
  BACKEND_NAMES,
  type Backend,
  divisionOf,
  ENGINE_ABILITIES,
  ENGINE_FEATURES,
  ENGINE_NAMES,
  type Engine,
  isDrawnWithout,
  isRefused,
  KilnError,
  type LayerRequest,
  type RenderSettings,
  type Worker,
} from '@kiln/shared';

export interface WorkForm {
  readonly backend: RenderSettings['backend'];
  readonly isDivided: boolean;
  readonly columns: number;
  readonly rows: number;
  /** Ranges that the samples are divided into. */
  readonly sampleRanges: number;
}

export const WHOLE_FRAMES: WorkForm = { backend: 'auto', isDivided: false, columns: 2, rows: 2, sampleRanges: 1 };

/**
 * Why an engine cannot be drawn with an interface; null when it can.
 *
 * @param workers empty while they are not known.
 */
export function backendBar(
  engine: Engine,
  backend: RenderSettings['backend'],
  workers: readonly Pick<Worker, 'capabilities'>[] = [],
): string | null {
  if (backend === 'auto') return null;
  const draws = (able: { engine: Engine; backend: Backend }) => able.engine === engine && able.backend === backend;
  if (!ENGINE_ABILITIES.some(draws)) return `${ENGINE_NAMES[engine]} is not drawn with ${BACKEND_NAMES[backend]}.`;
  if (workers.length === 0 || workers.some(({ capabilities }) => capabilities.some(draws))) return null;
  return `No worker of the farm draws ${ENGINE_NAMES[engine].toLowerCase()} with ${BACKEND_NAMES[backend]}.`;
}

/** What an engine cannot draw, or may draw scenes without; of the table of features. */
export const engineGaps = (
  engine: Engine,
  backend: RenderSettings['backend'] = 'auto',
): { readonly feature: string; readonly note: string }[] =>
  ENGINE_FEATURES.flatMap(({ id, feature, note = '' }) =>
    isRefused(id, engine, backend) || isDrawnWithout(id, engine, backend) ? [{ feature, note }] : [],
  );

type DividedSettings = Parameters<typeof divisionOf>[1];

/** Why such frames cannot be divided at all; null when they can. */
export function divisionBar(settings: DividedSettings): string | null {
  try {
    divisionOf({ tiles: { columns: 1, rows: 2 } }, { ...settings, size: { widthPx: 2, heightPx: 2 } }, '');
    return null;
  } catch (error) {
    return sentence(error);
  }
}

/** What is wrong with how they are divided. */
export function divisionFault(form: WorkForm, settings: DividedSettings): string | null {
  if (!form.isDivided || divisionBar(settings) !== null) return null;
  const { columns, rows, sampleRanges } = form;
  if (![columns, rows, sampleRanges].every((count) => Number.isInteger(count) && count >= 1)) {
    return 'Columns, rows and sample ranges are whole numbers from 1.';
  }
  try {
    divisionOf({ tiles: { columns, rows }, splitSamples: sampleRanges }, settings, '');
    return null;
  } catch (error) {
    return sentence(error);
  }
}

/** What a layer asks for. */
export function workOf(
  form: WorkForm,
  settings: DividedSettings,
): Pick<LayerRequest, 'backend' | 'tiles' | 'splitSamples'> {
  const { columns, rows, sampleRanges } = form;
  const backend = backendBar(settings.engine, form.backend) === null ? form.backend : 'auto';
  if (!form.isDivided || divisionBar(settings) !== null) return { backend };
  return {
    backend,
    ...(columns * rows === 1 ? {} : { tiles: { columns, rows } }),
    ...(sampleRanges === 1 ? {} : { splitSamples: sampleRanges }),
  };
}

function sentence(error: unknown): string {
  if (!(error instanceof KilnError)) throw error;
  return `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`;
}
