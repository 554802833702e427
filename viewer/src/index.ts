export { LiveViewport } from './live/live-viewport.ts';
export type { LiveFigures, PictureMeasure } from './live/measurements.ts';
export { type RenderedView, renderView } from './live/render-view.ts';
export type { LivePhase, LiveState } from './live/session-state.ts';
export {
  type LiveViewportEvents,
  type LiveViewportOptions,
  type Look,
  MEASURE_EVENT,
  type SceneMessage,
} from './live/viewport-types.ts';
