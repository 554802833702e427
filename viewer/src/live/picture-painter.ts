/**
 * Shows pictures: a textured rectangle in the middle of the view, drawn with three. Behind what is see-through is a
 * checkerboard, or the page.
 */
import { Mesh, OrthographicCamera, PlaneGeometry, Scene, ShaderMaterial, Vector2, WebGLRenderer } from 'three';
import { letterbox, type Rectangle } from './letterbox.ts';
import { NoWebGl } from './no-webgl.ts';
import type { DecodedColour } from './picture-decoder.ts';
import { readPicture } from './picture-reader.ts';
import { type PictureTexture, PictureTextures, TEXEL } from './picture-textures.ts';
import type { Plane } from './yuv-picture.ts';

/** Light and dark of the checkerboard behind transparent pixels, and the edge of its squares in device pixels. */
const CHECKER_LIGHT = 0.62;
const CHECKER_DARK = 0.54;
const CHECKER_EDGE_PX = 12;

const VERTEX = /* glsl */ `
varying vec2 vUv;
void main() {
  // The first row of a picture is its upper one.
  vUv = vec2(uv.x, 1.0 - uv.y);
  gl_Position = vec4(position.xy * 2.0, 0.0, 1.0);
}`;

/** GLSL: what the canvas holds of a colour with straight alpha. */
export const SHOWN = /* glsl */ `
#ifdef SHOWS_PAGE
vec4 shown(vec4 texel) { return vec4(texel.rgb * texel.a, texel.a); }
#else
vec4 shown(vec4 texel) {
  vec2 cell = floor(gl_FragCoord.xy / ${CHECKER_EDGE_PX.toFixed(1)});
  float checker = mod(cell.x + cell.y, 2.0) < 0.5 ? ${CHECKER_LIGHT} : ${CHECKER_DARK};
  return vec4(mix(vec3(checker), texel.rgb, texel.a), 1.0);
}
#endif
`;

// No tone mapping and no transfer function here: the worker's pixels are display-referred already.
const FRAGMENT = /* glsl */ `
varying vec2 vUv;
${TEXEL}
${SHOWN}
void main() { gl_FragColor = shown(texelAt(vUv)); }`;

export class PicturePainter {
  readonly renderer: WebGLRenderer;
  /** Of `SHOWN`. */
  readonly defines: Readonly<Record<string, string>>;
  readonly #textures: PictureTextures;
  readonly #scene = new Scene();
  readonly #camera = new OrthographicCamera();
  readonly #materials: Readonly<Record<'rgb' | 'yuv', ShaderMaterial>>;
  readonly #quad: Mesh<PlaneGeometry, ShaderMaterial>;
  readonly #size = new Vector2();
  #pictureAspect = 0;
  #picture: PictureTexture | null = null;

  /**
   * @param showsPage whether the page is seen behind what is see-through.
   * @throws NoWebGl when the browser gives no WebGL2 context.
   */
  constructor(canvas: HTMLCanvasElement, showsPage = false) {
    this.renderer = newRenderer(canvas);
    this.defines = showsPage ? { SHOWS_PAGE: '' } : {};
    this.#materials = { rgb: newMaterial(this.defines), yuv: newMaterial({ ...this.defines, YUV: '' }) };
    this.#quad = new Mesh(new PlaneGeometry(1, 1), this.#materials.rgb);
    this.renderer.setClearColor(0x000000, 0);
    this.renderer.autoClear = false;
    this.#textures = new PictureTextures(this.renderer);
    this.#quad.frustumCulled = false;
    this.#scene.add(this.#quad);
  }

  /** Whether there is a picture to paint. */
  get hasPicture(): boolean {
    return this.#pictureAspect > 0;
  }

  /** Empties the canvas. @param widthPx CSS pixels. */
  resize(widthPx: number, heightPx: number, pixelRatio: number): void {
    this.renderer.setPixelRatio(pixelRatio);
    this.renderer.setSize(widthPx, heightPx, false);
  }

  /**
   * Gives the pixels to the GPU. A bitmap may be closed afterwards.
   *
   * @param aspect width ÷ height to show it with.
   */
  upload(pixels: DecodedColour['pixels'], aspect: number, depth: Plane | null = null): PictureTexture {
    this.#pictureAspect = aspect;
    const texture = this.#textures.upload(pixels, depth);
    const material = texture.isYuv ? this.#materials.yuv : this.#materials.rgb;
    Object.assign(material.uniforms, texture.uniforms);
    this.#quad.material = material;
    this.#picture = texture;
    return texture;
  }

  /** What was uploaded is there no more. */
  forget(): void {
    this.#pictureAspect = 0;
    this.#picture = null;
    this.#textures.dispose();
  }

  /** [LV30] Puts a better part over the picture that was uploaded last. */
  patch(pixels: DecodedColour['pixels'], at: { readonly x: number; readonly y: number }): void {
    if (this.#picture) this.#textures.patch(this.#picture, pixels, at);
  }

  /** A texture of planes, whatever it shows. */
  planes(): PictureTexture {
    return this.#textures.planes();
  }

  /** The picture that was uploaded last, as it was sent; null before. */
  read(): ImageData | null {
    return this.#picture && readPicture(this.renderer, this.#picture);
  }

  /** Where the picture is shown, CSS pixels from the lower left corner. */
  get box(): Rectangle {
    this.renderer.getSize(this.#size);
    return letterbox(this.#size.x, this.#size.y, this.#pictureAspect);
  }

  /** Clears the canvas. What is drawn next comes where the picture is shown. */
  begin(): void {
    this.renderer.setRenderTarget(null);
    this.renderer.getSize(this.#size);
    this.renderer.setViewport(0, 0, this.#size.x, this.#size.y);
    this.renderer.clear();
    if (!this.hasPicture) return;
    const { x, y, width, height } = this.box;
    this.renderer.setViewport(x, y, width, height);
  }

  paint(): void {
    this.begin();
    if (this.hasPicture) this.renderer.render(this.#scene, this.#camera);
  }

  dispose(): void {
    this.#textures.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }
}

function newRenderer(canvas: HTMLCanvasElement): WebGLRenderer {
  try {
    return new WebGLRenderer({
      canvas,
      alpha: true,
      antialias: false,
      depth: false,
      stencil: false,
      powerPreference: 'low-power',
      // A picture is painted once and must stay, through resizes of the page and until the next one.
      preserveDrawingBuffer: true,
    });
  } catch (cause) {
    throw new NoWebGl(cause);
  }
}

const newMaterial = (defines: Readonly<Record<string, string>>): ShaderMaterial =>
  new ShaderMaterial({
    defines,
    vertexShader: VERTEX,
    fragmentShader: FRAGMENT,
    depthTest: false,
    depthWrite: false,
  });
