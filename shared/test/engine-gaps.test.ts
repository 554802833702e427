import { describe, expect, it } from 'vitest';
import { gapsOf, leftOutText } from '../src/engine-gaps.ts';
import type { EngineGap } from '../src/schemas/scene.ts';

const GAPS: EngineGap[] = [
  { engine: 'pathtrace', what: 'points' },
  { engine: 'pathtrace', backend: 'webgl', what: 'anisotropy', isDrawnWithout: true },
  { engine: 'pathtrace', backend: 'webgl', what: 'dispersion', isDrawnWithout: true, clips: ['Spin'] },
];
const report = { gaps: GAPS, clips: [{ name: 'Rest', durationSec: 1 }] };
const asked = { engine: 'pathtrace' as const, backend: 'auto' as const, clip: null, moreClips: [] };

describe('what an engine cannot draw of a scene', () => {
  it('refuses for what it cannot draw at all, not for what it draws without', () => {
    expect(gapsOf(report, asked)).toEqual(['points']);
    expect(gapsOf(report, { ...asked, engine: 'raster' })).toEqual([]);
  });

  it('says what the frames are drawn without, by which interface, and which has it', () => {
    const sentence = 'Path tracing with WebGL draws this scene without anisotropy; the back end webgpu has it.';
    expect(leftOutText(report, asked)).toBe(sentence);
    expect(leftOutText(report, { ...asked, backend: 'webgl' })).toBe(sentence);
    expect(leftOutText(report, { ...asked, backend: 'webgpu' })).toBeNull();
    expect(leftOutText(report, { ...asked, engine: 'raster' })).toBeNull();
    expect(leftOutText(report, { ...asked, clip: 'Spin' })).toContain('anisotropy and dispersion');
    const both: EngineGap[] = [{ engine: 'pathtrace', what: 'sparkle', isDrawnWithout: true }];
    expect(leftOutText({ ...report, gaps: both }, asked)).toBe('Path tracing draws this scene without sparkle.');
  });
});
