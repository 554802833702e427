/** Gives back the pixels of a picture on the GPU, as they were sent. */
import { NearestFilter, type RawShaderMaterial, type WebGLRenderer, WebGLRenderTarget } from 'three';
import { FullScreenQuad } from 'three/addons/postprocessing/Pass.js';
import { type PictureTexture, TEXEL } from './picture-textures.ts';
import { warpMaterial } from './warp/warp-shaders.ts';

/** A target's first row is its lower one, and the first one read: upside down, the upper row of the picture comes first. */
const READ = /* glsl */ `
uniform vec2 size;
out vec4 colour;
${TEXEL}
void main() { colour = texelAt(gl_FragCoord.xy / size); }
`;

/** @returns straight alpha, the upper row first. */
export function readPicture(renderer: WebGLRenderer, { isYuv, width, height, uniforms }: PictureTexture): ImageData {
  const target = new WebGLRenderTarget(width, height, { minFilter: NearestFilter, magFilter: NearestFilter });
  const material: RawShaderMaterial = warpMaterial({ fragmentShader: READ, ...(isYuv && { defines: { YUV: '' } }) });
  const cover = new FullScreenQuad(material);
  const image = new ImageData(width, height);
  try {
    Object.assign(material.uniforms, uniforms, { size: { value: [width, height] } });
    renderer.setRenderTarget(target);
    cover.render(renderer);
    renderer.readRenderTargetPixels(target, 0, 0, width, height, new Uint8Array(image.data.buffer));
    return image;
  } finally {
    renderer.setRenderTarget(null);
    target.dispose();
    material.dispose();
    cover.dispose();
  }
}
