import {
  type AnimationClip,
  AnimationMixer,
  AnimationClip as Clip,
  InterpolateSmooth,
  type InterpolationModes,
  type KeyframeTrack,
  Object3D,
  PropertyBinding,
  QuaternionKeyframeTrack,
  VectorKeyframeTrack,
} from 'three';
import type { Findings } from './findings.ts';

/** Poses a second at which curves that glTF has no name for are sampled. */
const SAMPLES_PER_SEC = 60;
const MOST_SAMPLES = 20_000;
const CARRIED = new Set(['position', 'quaternion', 'scale', 'morphTargetInfluences']);
const TRANSFORMS = new Set(['position', 'rotation', 'quaternion', 'scale']);

interface Bound {
  readonly track: KeyframeTrack;
  readonly node: Object3D;
  readonly property: string;
  readonly isWhole: boolean;
}

/**
 * Makes clips that glTF can carry: each track names its object by what only that one has, and what is animated in parts
 * (`rotation[x]`) or along smooth curves is sampled.
 */
export function makeClips(root: Object3D, clips: readonly AnimationClip[], findings: Findings): AnimationClip[] {
  return clips.flatMap((clip) => {
    const made = makeClip(root, clip, findings);
    return made.tracks.length > 0 ? [made] : [];
  });
}

function makeClip(root: Object3D, clip: AnimationClip, findings: Findings): AnimationClip {
  const kept: KeyframeTrack[] = [];
  const sampled = new Set<Object3D>();
  for (const track of clip.tracks) {
    const bound = bind(root, track);
    if (!bound) {
      const message = `glTF cannot animate what "${track.name.slice(0, 100)}" of the clip "${clip.name.slice(0, 100)}" does.`;
      findings.add('warning', 'TRACK_LOST', message, track.name.slice(0, 100));
    } else if (TRANSFORMS.has(bound.property) && isIrregular(bound)) sampled.add(bound.node);
    else kept.push(renamed(bound));
  }
  // A node is sampled as a whole: its other tracks play a part in its pose.
  const rest = kept.filter(({ name }) => ![...sampled].some(({ uuid }) => name.startsWith(`${uuid}.`)));
  const tracks = [...rest, ...sample(root, clip, sampled)];
  return new Clip(clip.name, clip.duration, tracks);
}

function bind(root: Object3D, track: KeyframeTrack): Bound | null {
  const { nodeName, objectName, objectIndex, propertyName, propertyIndex } = PropertyBinding.parseTrackName(track.name);
  let node: unknown = nodeName === '' || nodeName === '.' ? root : PropertyBinding.findNode(root, nodeName);
  if (objectName === 'bones' && node instanceof Object3D) {
    const skeleton: unknown = Reflect.get(node, 'skeleton');
    const bones: unknown = typeof skeleton === 'object' && skeleton !== null ? Reflect.get(skeleton, 'bones') : null;
    node = Array.isArray(bones) ? bones.find((bone) => bone instanceof Object3D && bone.name === objectIndex) : null;
  } else if (objectName !== undefined && objectName !== '') return null;
  if (!(node instanceof Object3D) || track.times.length === 0) return null;
  if (!CARRIED.has(propertyName) && !TRANSFORMS.has(propertyName)) return null;
  return { track, node, property: propertyName, isWhole: propertyIndex === undefined };
}

const isIrregular = ({ track, property, isWhole }: Bound) =>
  !isWhole || property === 'rotation' || interpolationOf(track) === InterpolateSmooth;

function interpolationOf(track: KeyframeTrack): InterpolationModes {
  return track.getInterpolation();
}

/** Names are not unique: what three binds by the first of a name is bound by its id here. */
function renamed({ track, node, property }: Bound): KeyframeTrack {
  const { propertyIndex } = PropertyBinding.parseTrackName(track.name);
  const clone = track.clone();
  clone.name = `${node.uuid}.${property}${propertyIndex === undefined ? '' : `[${propertyIndex}]`}`;
  return clone;
}

/** Whole transforms of these nodes, as three's own mixer poses them. */
function sample(root: Object3D, clip: AnimationClip, nodes: ReadonlySet<Object3D>): KeyframeTrack[] {
  if (nodes.size === 0) return [];
  const count = Math.min(MOST_SAMPLES, Math.max(2, Math.ceil(clip.duration * SAMPLES_PER_SEC) + 1));
  const times = Array.from({ length: count }, (_, i) => (clip.duration * i) / (count - 1));
  const poses = [...nodes].map((node) => ({
    node,
    position: [] as number[],
    turn: [] as number[],
    scale: [] as number[],
  }));
  const mixer = new AnimationMixer(root);
  const action = mixer.clipAction(clip).play();
  for (const time of times) {
    // Just before the end: at the end the clip begins again.
    action.time = Math.min(time, clip.duration * (1 - 1e-7));
    mixer.update(0);
    for (const { node, position, turn, scale } of poses) {
      position.push(...node.position.toArray());
      turn.push(...node.quaternion.toArray());
      scale.push(...node.scale.toArray());
    }
  }
  mixer.stopAllAction();
  return poses.flatMap(({ node: { uuid }, position, turn, scale }) => [
    new VectorKeyframeTrack(`${uuid}.position`, times, position),
    new QuaternionKeyframeTrack(`${uuid}.quaternion`, times, turn),
    new VectorKeyframeTrack(`${uuid}.scale`, times, scale),
  ]);
}
