/** Shows pictures: a textured rectangle in the middle of the view, drawn with three, over whatever stands behind it. */
import {
  DataTexture,
  LinearFilter,
  Mesh,
  NoColorSpace,
  OrthographicCamera,
  PlaneGeometry,
  Scene,
  ShaderMaterial,
  Texture,
  Vector2,
  WebGLRenderer,
} from 'three';
import { letterbox } from './letterbox.ts';
import type { Pixels } from './picture-decoder.ts';

/** Light and dark of the checkerboard behind transparent pixels, and the edge of its squares in device pixels. */
const CHECKER_LIGHT = 0.62;
const CHECKER_DARK = 0.54;
const CHECKER_EDGE_PX = 12;

/** Textures that are kept, one for each size of picture: those drawn while moving and that drawn at rest take turns. */
const KEPT_TEXTURES = 3;

const VERTEX = /* glsl */ `
varying vec2 vUv;
void main() {
  // The first row of a picture is its upper one.
  vUv = vec2(uv.x, 1.0 - uv.y);
  gl_Position = vec4(position.xy * 2.0, 0.0, 1.0);
}`;

// No tone mapping and no transfer function here: the worker's pixels are display-referred already.
const FRAGMENT = /* glsl */ `
uniform sampler2D picture;
varying vec2 vUv;
void main() {
  vec4 texel = texture2D(picture, vUv);
  vec2 cell = floor(gl_FragCoord.xy / ${CHECKER_EDGE_PX.toFixed(1)});
  float checker = mod(cell.x + cell.y, 2.0) < 0.5 ? ${CHECKER_LIGHT} : ${CHECKER_DARK};
  gl_FragColor = vec4(mix(vec3(checker), texel.rgb, texel.a), 1.0);
}`;

export class PicturePainter {
  readonly #renderer: WebGLRenderer;
  readonly #scene = new Scene();
  readonly #camera = new OrthographicCamera();
  readonly #picture: { value: Texture | null } = { value: null };
  /** By size, the one used last at the end: a texture's storage is made once, and making it takes longer than filling it. */
  readonly #textures = new Map<string, Texture>();
  readonly #size = new Vector2();
  #pictureAspect = 0;

  /** @throws Error when the browser gives no WebGL2 context. */
  constructor(canvas: HTMLCanvasElement) {
    this.#renderer = new WebGLRenderer({
      canvas,
      alpha: true,
      antialias: false,
      depth: false,
      stencil: false,
      powerPreference: 'low-power',
      // A picture is painted once and must stay, through resizes of the page and until the next one.
      preserveDrawingBuffer: true,
    });
    this.#renderer.setClearColor(0x000000, 0);
    const material = new ShaderMaterial({
      uniforms: { picture: this.#picture },
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      depthTest: false,
      depthWrite: false,
    });
    const quad = new Mesh(new PlaneGeometry(1, 1), material);
    quad.frustumCulled = false;
    this.#scene.add(quad);
  }

  /** Whether there is a picture to paint. */
  get hasPicture(): boolean {
    return this.#pictureAspect > 0;
  }

  /** @param widthPx CSS pixels. */
  resize(widthPx: number, heightPx: number, pixelRatio: number): void {
    this.#renderer.setPixelRatio(pixelRatio);
    this.#renderer.setSize(widthPx, heightPx, false);
    this.paint();
  }

  /**
   * Gives the pixels to the GPU. A bitmap may be closed afterwards.
   *
   * @param aspect width ÷ height to show it with.
   */
  upload(pixels: Pixels, aspect: number): void {
    const texture = this.#textureFor(pixels);
    this.#pictureAspect = aspect;
    texture.image = pixels;
    texture.needsUpdate = true;
    this.#renderer.initTexture(texture);
    this.#picture.value = texture;
  }

  #textureFor(pixels: Pixels): Texture {
    const isRaw = 'data' in pixels;
    const key = `${pixels.width}×${pixels.height} ${isRaw}`;
    const texture = this.#textures.get(key) ?? asSent(isRaw ? new DataTexture() : new Texture());
    this.#textures.delete(key);
    this.#textures.set(key, texture);
    const [oldest] = this.#textures;
    if (oldest && this.#textures.size > KEPT_TEXTURES) {
      oldest[1].dispose();
      this.#textures.delete(oldest[0]);
    }
    return texture;
  }

  paint(): void {
    this.#renderer.getSize(this.#size);
    this.#renderer.setViewport(0, 0, this.#size.x, this.#size.y);
    this.#renderer.clear();
    if (!this.hasPicture) return;
    const box = letterbox(this.#size.x, this.#size.y, this.#pictureAspect);
    this.#renderer.setViewport(box.x, box.y, box.width, box.height);
    this.#renderer.render(this.#scene, this.#camera);
  }

  dispose(): void {
    for (const texture of this.#textures.values()) texture.dispose();
    this.#renderer.dispose();
    this.#renderer.forceContextLoss();
  }
}

/** No colour conversion, no flip, no mipmaps. */
function asSent(texture: Texture): Texture {
  texture.colorSpace = NoColorSpace;
  texture.minFilter = LinearFilter;
  texture.magFilter = LinearFilter;
  texture.generateMipmaps = false;
  texture.flipY = false;
  return texture;
}
