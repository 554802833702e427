/** What of a scene engines cannot draw, or draw it without, and in which of its clips it is seen. */
import { ENGINE_ABILITIES, type EngineGap, isDrawnWithout, isRefused } from '@kiln/shared';
import { featuresOf, type SceneFeature } from '../engine/scene-features.ts';
import { PAGE_LIMITS } from '../limits.ts';
import type { LoadedScene } from '../scene/loaded-scene.ts';

/** Clips show nodes and hide them: each is looked at whenever one of its own does. The scene is posed as it was after. */
export function engineGaps(scene: LoadedScene): EngineGap[] {
  const { clips, stage } = scene;
  const names = clips.list.map(({ name }) => name);
  const toggles = new Map(names.map((name) => [name, clips.togglesSec(name)]));
  const found = new Map<string, SceneFeature & { readonly clips: Set<string> }>();
  const still = names.filter((name) => toggles.get(name)?.length === 0);
  const look = (seenIn: readonly string[]) => {
    for (const each of featuresOf(stage)) {
      const known = found.get(each.what) ?? { ...each, clips: new Set() };
      for (const name of seenIn) known.clips.add(name);
      found.set(each.what, known);
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
  const gaps = [...found.values()].flatMap(({ feature, what, clips: those }) =>
    gapsFor(feature).map((gap) =>
      those.size === names.length ? { ...gap, what } : { ...gap, what, clips: [...those] },
    ),
  );
  return gaps.slice(0, PAGE_LIMITS.reportedFindings);
}

/** Of the table: engines that cannot draw a feature, and those that draw scenes without. */
function gapsFor(feature: SceneFeature['feature']): Omit<EngineGap, 'what'>[] {
  const engines = [...new Set(ENGINE_ABILITIES.map(({ engine }) => engine))];
  return engines.flatMap((engine): Omit<EngineGap, 'what'>[] => {
    if (isRefused(feature, engine, 'auto')) return [{ engine }];
    const backends = ENGINE_ABILITIES.flatMap((each) => (each.engine === engine ? [each.backend] : []));
    const without = backends.filter((backend) => isDrawnWithout(feature, engine, backend));
    if (without.length === backends.length) return [{ engine, isDrawnWithout: true }];
    return without.map((backend) => ({ engine, backend, isDrawnWithout: true }));
  });
}
