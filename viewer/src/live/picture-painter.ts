/** Shows pictures: a textured rectangle in the middle of the view, drawn with three, over whatever stands behind it. */
import {
  DataTexture,
  LinearFilter,
  Mesh,
  NoColorSpace,
  OrthographicCamera,
  PlaneGeometry,
  RedFormat,
  Scene,
  ShaderMaterial,
  Texture,
  Vector2,
  WebGLRenderer,
} from 'three';
import { letterbox } from './letterbox.ts';
import type { DecodedColour, YuvPicture } from './picture-decoder.ts';

/** Light and dark of the checkerboard behind transparent pixels, and the edge of its squares in device pixels. */
const CHECKER_LIGHT = 0.62;
const CHECKER_DARK = 0.54;
const CHECKER_EDGE_PX = 12;

/** Sizes of pictures whose textures are kept: those drawn while moving and that drawn at rest take turns. */
const KEPT_SIZES = 3;

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
#ifdef YUV
uniform sampler2D pictureU;
uniform sampler2D pictureV;
uniform vec2 chromaScale;
vec4 texelAt(vec2 at) {
  float y = texture2D(picture, at).r;
  float u = texture2D(pictureU, at * chromaScale).r - 128.0 / 255.0;
  float v = texture2D(pictureV, at * chromaScale).r - 128.0 / 255.0;
  // JFIF 1.02: ITU-R BT.601 over the full range.
  return vec4(clamp(vec3(y + 1.402 * v, y - 0.344136 * u - 0.714136 * v, y + 1.772 * u), 0.0, 1.0), 1.0);
}
#else
vec4 texelAt(vec2 at) { return texture2D(picture, at); }
#endif
void main() {
  vec4 texel = texelAt(vUv);
  vec2 cell = floor(gl_FragCoord.xy / ${CHECKER_EDGE_PX.toFixed(1)});
  float checker = mod(cell.x + cell.y, 2.0) < 0.5 ? ${CHECKER_LIGHT} : ${CHECKER_DARK};
  gl_FragColor = vec4(mix(vec3(checker), texel.rgb, texel.a), 1.0);
}`;

export class PicturePainter {
  readonly #renderer: WebGLRenderer;
  readonly #scene = new Scene();
  readonly #camera = new OrthographicCamera();
  readonly #uniforms = {
    picture: { value: null as Texture | null },
    pictureU: { value: null as Texture | null },
    pictureV: { value: null as Texture | null },
    chromaScale: { value: new Vector2(1, 1) },
  };
  readonly #materials = { rgb: this.#material({}), yuv: this.#material({ YUV: '' }) };
  readonly #quad = new Mesh(new PlaneGeometry(1, 1), this.#materials.rgb);
  /** By kind and size, those used last at the end: a texture's storage is made once, for one size. */
  readonly #textures = new Map<string, Texture[]>();
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
    this.#quad.frustumCulled = false;
    this.#scene.add(this.#quad);
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
  upload(pixels: DecodedColour['pixels'], aspect: number): void {
    this.#pictureAspect = aspect;
    if ('planes' in pixels) this.#uploadPlanes(pixels);
    else {
      const [texture] = this.#texturesFor(`rgb ${pixels.width}×${pixels.height}`, () => [asSent(new Texture())]);
      if (texture) this.#fill(texture, pixels);
      this.#uniforms.picture.value = texture ?? null;
      this.#quad.material = this.#materials.rgb;
    }
  }

  #uploadPlanes({ width, height, planes }: YuvPicture): void {
    const [, chroma] = planes;
    const textures = this.#texturesFor(`yuv ${width}×${height} ${chroma.width}`, () =>
      planes.map(() => asSent(new DataTexture(null, 1, 1, RedFormat))),
    );
    planes.forEach((plane, i) => {
      const texture = textures[i];
      if (texture) this.#fill(texture, plane);
    });
    const [y = null, u = null, v = null] = textures;
    this.#uniforms.picture.value = y;
    this.#uniforms.pictureU.value = u;
    this.#uniforms.pictureV.value = v;
    // An odd edge has half a colour sample more than it needs.
    const perChroma = chroma.width === width ? 1 : 2;
    this.#uniforms.chromaScale.value.set(width / (perChroma * chroma.width), height / (perChroma * chroma.height));
    this.#quad.material = this.#materials.yuv;
  }

  #fill(texture: Texture, image: unknown): void {
    texture.image = image;
    texture.needsUpdate = true;
    this.#renderer.initTexture(texture);
  }

  #texturesFor(key: string, create: () => Texture[]): readonly Texture[] {
    const textures = this.#textures.get(key) ?? create();
    this.#textures.delete(key);
    this.#textures.set(key, textures);
    const [oldest] = this.#textures;
    if (oldest && this.#textures.size > KEPT_SIZES) {
      for (const texture of oldest[1]) texture.dispose();
      this.#textures.delete(oldest[0]);
    }
    return textures;
  }

  #material(defines: Readonly<Record<string, string>>): ShaderMaterial {
    return new ShaderMaterial({
      uniforms: this.#uniforms,
      defines,
      vertexShader: VERTEX,
      fragmentShader: FRAGMENT,
      depthTest: false,
      depthWrite: false,
    });
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
    for (const texture of [...this.#textures.values()].flat()) texture.dispose();
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
