import { diffuseColor, luminance, normalView, vec3 } from 'three/tsl';
import {
  type AnalyticLightNode,
  type Light,
  LightingModel,
  type LightingModelDirectInput,
  MeshStandardNodeMaterial,
  type Node,
  type NodeBuilder,
  type PhysicalLightingModel,
} from 'three/webgpu';

/** What three has of a light, beyond its types: `baseColorNode` is its colour without the shadow, once it throws one. */
type ShadowedLight = AnalyticLightNode<Light> & { colorNode: Node; baseColorNode: Node | null };

/** What three lights a surface in. */
interface LitContext {
  readonly irradiance: Node<'vec3'>;
  readonly iblIrradiance: Node<'vec3'>;
  readonly outgoingLight: Node<'vec4'>;
}

/** As a white matte floor is lit, sums the light that arrives and the light that would without shadows. */
class CaughtLight extends LightingModel {
  readonly #whole = vec3(0).toVar('whole');
  readonly #lost = vec3(0).toVar('lost');

  override direct({ lightNode, ...light }: LightingModelDirectInput, builder: NodeBuilder): void {
    const facing = normalView.dot(vec3(light.lightDirection as Node<'vec3'>)).clamp();
    const color = vec3(light.lightColor as Node<'vec3'>);
    const bare = bareColor(lightNode as ShadowedLight, builder);
    this.#whole.addAssign((bare ?? color).mul(facing));
    if (bare) this.#lost.addAssign(bare.sub(color).mul(facing));
  }

  override indirect(builder: NodeBuilder): void {
    const { irradiance, iblIrradiance } = builder.context as LitContext;
    this.#whole.addAssign(irradiance.add(iblIrradiance));
  }

  override finish(builder: NodeBuilder): void {
    const whole = luminance(this.#whole);
    const share = luminance(this.#lost).div(whole).clamp();
    diffuseColor.a.assign(whole.greaterThan(0).select(share, 0));
    (builder.context as LitContext).outgoingLight.rgb.assign(vec3(0));
  }
}

/** A light's colour here as if nothing threw a shadow; null where nothing does. */
function bareColor(light: ShadowedLight, builder: NodeBuilder) {
  if (!light.baseColorNode) return null;
  const { colorNode } = light;
  light.colorNode = light.baseColorNode;
  const bare = light.setupDirect(builder)?.lightColor;
  light.colorNode = colorNode;
  return bare ? vec3(bare as Node<'vec3'>) : null;
}

/** What catches shadows with WebGPU. */
export class CatcherNodeMaterial extends MeshStandardNodeMaterial {
  override setupLightingModel(): PhysicalLightingModel {
    const model: LightingModel = new CaughtLight();
    return model as PhysicalLightingModel;
  }

  /** Else it would share the program of a material of the scene. */
  override customProgramCacheKey(): string {
    return `${super.customProgramCacheKey()} catches shadows`;
  }
}
