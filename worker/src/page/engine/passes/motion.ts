/** Where the points of surfaces are in the next frame: what vertices are moved by, for the motion pass. */
import {
  type Camera,
  DataTexture,
  FloatType,
  Matrix4,
  Mesh,
  RGBAFormat,
  ShaderChunk,
  SkinnedMesh,
  type Texture,
  Vector2,
} from 'three';
import { type Drawable, isDrawable } from '../../scene/drawable.ts';
import type { LoadedScene } from '../../scene/loaded-scene.ts';

/** Uniforms of one thing, as `MOTION_VERTEX` names them. */
export interface MotionUniforms {
  readonly nowMatrix: { value: Matrix4 };
  readonly nextMatrix: { value: Matrix4 };
  readonly nextMorphBase: { value: number };
  readonly nextMorphInfluences: { value: number[] };
  readonly nextBindMatrix: { value: Matrix4 };
  readonly nextBindMatrixInverse: { value: Matrix4 };
  readonly nextBoneTexture: { value: Texture | null };
  /** From the clip space's unit to pixels. */
  readonly halfSizePx: { value: Vector2 };
}

export const motionUniforms = (): MotionUniforms => ({
  nowMatrix: { value: new Matrix4() },
  nextMatrix: { value: new Matrix4() },
  nextMorphBase: { value: 1 },
  nextMorphInfluences: { value: [] },
  nextBindMatrix: { value: new Matrix4() },
  nextBindMatrixInverse: { value: new Matrix4() },
  nextBoneTexture: { value: null },
  halfSizePx: { value: new Vector2() },
});

/** How a thing stands. Instances keep their places within it. */
interface Stand {
  readonly world: Matrix4;
  readonly morphBase: number;
  readonly morphInfluences: number[];
  readonly bindMatrixInverse: Matrix4 | null;
  readonly bones: DataTexture | null;
}

/** The pose of a scene and of its camera, kept while the scene is posed otherwise. */
export class KeptPose {
  readonly #viewProjection: Matrix4;
  readonly #stands = new Map<Drawable, Stand>();

  constructor({ stage }: LoadedScene, camera: Camera) {
    this.#viewProjection = viewProjectionOf(camera);
    stage.traverse((object) => {
      if (isDrawable(object)) this.#stands.set(object, standOf(object));
    });
  }

  /**
   * @param object as it is posed now.
   * @param camera as it stands now.
   */
  fill(uniforms: MotionUniforms, object: Drawable, camera: Camera): void {
    const stand = this.#stands.get(object);
    if (!stand) return;
    // In double precision, far from the world's middle too; and the same numbers for what stands still.
    uniforms.nowMatrix.value.multiplyMatrices(viewProjectionOf(camera), object.matrixWorld);
    uniforms.nextMatrix.value.multiplyMatrices(this.#viewProjection, stand.world);
    uniforms.nextMorphBase.value = stand.morphBase;
    uniforms.nextMorphInfluences.value = stand.morphInfluences;
    uniforms.nextBoneTexture.value = stand.bones;
    if (object instanceof SkinnedMesh) uniforms.nextBindMatrix.value.copy(object.bindMatrix);
    if (stand.bindMatrixInverse) uniforms.nextBindMatrixInverse.value.copy(stand.bindMatrixInverse);
  }

  dispose(): void {
    for (const { bones } of this.#stands.values()) bones?.dispose();
  }
}

const viewProjectionOf = (camera: Camera) =>
  new Matrix4().multiplyMatrices(camera.projectionMatrix, camera.matrixWorldInverse);

function standOf(object: Drawable): Stand {
  const influences = object instanceof Mesh ? [...(object.morphTargetInfluences ?? [])] : [];
  const isRelative = object.geometry.morphTargetsRelative;
  return {
    world: object.matrixWorld.clone(),
    morphBase: isRelative ? 1 : 1 - influences.reduce((sum, influence) => sum + influence, 0),
    morphInfluences: influences,
    bindMatrixInverse: object instanceof SkinnedMesh ? object.bindMatrixInverse.clone() : null,
    bones: object instanceof SkinnedMesh ? bonesOf(object) : null,
  };
}

/** The bones' matrices as three's shaders read them. */
function bonesOf({ skeleton }: SkinnedMesh): DataTexture {
  if (!skeleton.boneTexture) skeleton.computeBoneTexture();
  skeleton.update();
  const matrices = Float32Array.from(skeleton.boneMatrices ?? []);
  const edge = Math.sqrt(matrices.length / 4);
  const texture = new DataTexture(matrices, edge, edge, RGBAFormat, FloatType);
  texture.needsUpdate = true;
  return texture;
}

/** three's own way from a vertex to where it is, with everything of the next frame's. */
const inNextFrame = (chunk: string) =>
  chunk
    .replaceAll('transformed', 'nextTransformed')
    .replaceAll('morphTargetBaseInfluence', 'nextMorphBase')
    .replaceAll('morphTargetInfluences', 'nextMorphInfluences')
    .replaceAll('boneTexture', 'nextBoneTexture')
    .replaceAll('getBoneMatrix', 'nextBoneMatrix')
    .replaceAll('boneMat', 'nextBoneMat')
    .replaceAll('skinVertex', 'nextSkinVertex')
    .replaceAll('skinned', 'nextSkinned')
    .replaceAll('bindMatrix', 'nextBindMatrix');

const DECLARED = /* glsl */ `
uniform mat4 nowMatrix;
uniform mat4 nextMatrix;
varying highp vec4 clipNow;
varying highp vec4 clipNext;
#ifdef USE_MORPHTARGETS
uniform float nextMorphBase;
uniform float nextMorphInfluences[ MORPHTARGETS_COUNT ];
#endif
${inNextFrame(ShaderChunk.skinning_pars_vertex)}
`;

const MOVED = /* glsl */ `
vec3 nextTransformed = vec3( position );
${inNextFrame(ShaderChunk.morphtarget_vertex)}
${inNextFrame(ShaderChunk.skinbase_vertex)}
${inNextFrame(ShaderChunk.skinning_vertex)}
vec4 pointNow = vec4( transformed, 1.0 );
vec4 pointNext = vec4( nextTransformed, 1.0 );
#ifdef USE_INSTANCING
pointNow = instanceMatrix * pointNow;
pointNext = instanceMatrix * pointNext;
#endif
clipNow = nowMatrix * pointNow;
clipNext = nextMatrix * pointNext;
`;

/** Has a vertex shader of three's tell where its vertex is in clip space, in this frame and in the next. */
export function withMotion(vertexShader: string): string {
  const main = 'void main() {';
  const projected = '#include <project_vertex>';
  return vertexShader.replace(main, `${DECLARED}\n${main}`).replace(projected, `${projected}\n${MOVED}`);
}

/** Pixels to the right and upwards; nothing where the point is behind the next frame's camera. */
export const MOTION_FRAGMENT = {
  declared: /* glsl */ `
uniform highp vec2 halfSizePx;
varying highp vec4 clipNow;
varying highp vec4 clipNext;
`,
  result: /* glsl */ `
  vec2 passMotion = clipNext.w > 0.0 ? (clipNext.xy / clipNext.w - clipNow.xy / clipNow.w) * halfSizePx : vec2(0.0);
  gl_FragColor = vec4(passMotion, 0.0, 1.0);
`,
} as const;
