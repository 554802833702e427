/** Figures of a live view as its HUD names them. */
import type { LiveFigures, StageFigures } from './measurements.ts';

/** How often a HUD reads its figures. */
export const HUD_REFRESH_MS = 250;

export interface HudRow {
  readonly name: string;
  readonly value: string;
  /** Of a stage: its part of the way from pose to picture, 0 to 1. */
  readonly share?: number;
}

const STAGES: readonly (readonly [name: string, keyof StageFigures])[] = [
  ['Queue', 'queueMs'],
  ['Draw', 'drawMs'],
  ['Read back', 'readBackMs'],
  ['Encode', 'encodeMs'],
  ['Relay', 'relayMs'],
  ['Network', 'networkMs'],
  ['Decode', 'decodeMs'],
  ['Paint', 'paintMs'],
];

/** @param figures null before the first picture. */
export function hudRows(figures: LiveFigures | null): readonly HudRow[] {
  if (!figures) return [{ name: 'Pictures', value: 'none yet' }];
  const { stages } = figures;
  const whole = STAGES.reduce((sum, [, stage]) => sum + (stages[stage] ?? 0), 0);
  return [
    { name: 'Pictures', value: `${figures.framesPerSec} / s` },
    { name: 'A picture', value: `${figures.kilobytesPerPicture.toFixed(1)} kB` },
    { name: 'Size', value: `${figures.widthPx} × ${figures.heightPx}` },
    { name: 'Codec', value: figures.codec.toUpperCase() },
    ...(figures.noVideo ? [{ name: 'Video', value: NO_VIDEO[figures.noVideo] }] : []),
    { name: 'Samples', value: String(figures.samples) },
    { name: 'Pose to picture', value: milliseconds(figures.inputToPaintedMs) },
    ...STAGES.map(([name, stage]) => {
      const ms = stages[stage];
      return { name, value: milliseconds(ms), share: whole > 0 ? (ms ?? 0) / whole : 0 };
    }),
  ];
}

const NO_VIDEO = { 'not-secure': 'none: page not secure', 'no-webcodecs': 'none: no WebCodecs' } as const;

const milliseconds = (ms: number | null) => (ms === null ? '–' : `${ms < 9.95 ? ms.toFixed(1) : Math.round(ms)} ms`);
