/** Shows pictures: a textured rectangle in the middle of the view, drawn with three, over whatever stands behind it. */
import {
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

/** Light and dark of the checkerboard behind transparent pixels, and the edge of its squares in device pixels. */
const CHECKER_LIGHT = 0.62;
const CHECKER_DARK = 0.54;
const CHECKER_EDGE_PX = 12;

const VERTEX = /* glsl */ `
varying vec2 vUv;
void main() {
  // The first row of an ImageBitmap is its upper one.
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
  readonly #texture = new Texture<ImageBitmap>();
  readonly #size = new Vector2();
  #pictureAspect = 0;
  #textureWidth = 0;
  #textureHeight = 0;

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
    const texture = this.#texture;
    texture.colorSpace = NoColorSpace;
    texture.minFilter = LinearFilter;
    texture.magFilter = LinearFilter;
    texture.generateMipmaps = false;
    texture.flipY = false;
    const material = new ShaderMaterial({
      uniforms: { picture: { value: texture } },
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
   * Gives the pixels to the GPU. The bitmap may be closed afterwards.
   *
   * @param aspect width ÷ height to show it with.
   */
  upload(bitmap: ImageBitmap, aspect: number): void {
    // A texture's storage is made once: another size needs a new one.
    if (bitmap.width !== this.#textureWidth || bitmap.height !== this.#textureHeight) this.#texture.dispose();
    this.#textureWidth = bitmap.width;
    this.#textureHeight = bitmap.height;
    this.#pictureAspect = aspect;
    this.#texture.image = bitmap;
    this.#texture.needsUpdate = true;
    this.#renderer.initTexture(this.#texture);
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
    this.#texture.dispose();
    this.#renderer.dispose();
    this.#renderer.forceContextLoss();
  }
}
