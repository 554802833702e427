/** What of a scene the path tracer cannot draw, and in which of its clips it is seen. */
import type { EngineGap } from '@kiln/shared';
import { untraceable } from '../engine/pathtrace/traceable.ts';
import { PAGE_LIMITS } from '../limits.ts';
import type { LoadedScene } from '../scene/loaded-scene.ts';

/** Clips show nodes and hide them: each is looked at whenever one of its own does. The scene is posed as it was after. */
export function untraceableParts(scene: LoadedScene): EngineGap[] {
  const { clips, stage } = scene;
  const names = clips.list.map(({ name }) => name);
  const toggles = new Map(names.map((name) => [name, clips.togglesSec(name)]));
  const clipsOf = new Map<string, Set<string>>();
  const still = names.filter((name) => toggles.get(name)?.length === 0);
  const look = (seenIn: readonly string[]) => {
    for (const what of untraceable(stage)) {
      const those = clipsOf.get(what) ?? new Set();
      for (const name of seenIn) those.add(name);
      clipsOf.set(what, those);
    }
  };
  if (still.length === names.length) {
    look(names);
  } else {
    for (const [name, times] of toggles) {
      if (times.length === 0) continue;
      // A clip that repeats never comes to its end.
      const staging = scene.staging(name, { clipLoop: 'once' });
      for (const timeSec of [0, ...times].slice(0, PAGE_LIMITS.visibilityPoses)) {
        scene.pose(staging, timeSec);
        look([name]);
      }
    }
    const [one] = still;
    if (one !== undefined) {
      scene.pose(scene.staging(one, {}), 0);
      look(still);
    }
    scene.pose(scene.plain, 0);
  }
  return [...clipsOf].slice(0, PAGE_LIMITS.reportedFindings).map(([what, those]) => {
    const gap = { engine: 'pathtrace' as const, what };
    return those.size === names.length ? gap : { ...gap, clips: [...those] };
  });
}
