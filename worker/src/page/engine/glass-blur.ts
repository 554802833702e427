/**
 * three blurs what is seen through rough glass by the width of the target that it draws: of a window of a larger frame by
 * too little. Materials take that width from a vector of their own, which here is made to tell the frame's.
 */
import { ShaderLib, Vector2 } from 'three';
import type { Seen } from './frame-window.ts';

let framesPerTarget = 1;

class PictureSize extends Vector2 {
  override set(widthPx: number, heightPx: number): this {
    return super.set(widthPx * framesPerTarget, heightPx * framesPerTarget);
  }
}

const { transmissionSamplerSize } = ShaderLib.physical.uniforms;
if (!transmissionSamplerSize) throw new Error('three names the size of what is behind glass otherwise');
// Each material's is a clone of this one.
transmissionSamplerSize.value = new PictureSize();

/** Whatever is drawn next is seen so. */
export function blurGlassAs({ size, window }: Seen): void {
  framesPerTarget = (window?.frame ?? size).widthPx / size.widthPx;
}
