/** Attributes of `<kiln-preview>` as properties of the same meaning. */
import type { Engine } from '@kiln/shared';
import { SCRIPT_ORIGIN } from '../live/script-origin.ts';
import { engineOf, samplesOf } from './attributes.ts';
import { TypedElement } from './typed-element.ts';

/** What is set to it is as if it were not set: frameworks do that with what a page no longer says. */
type Absent = null | undefined;

export class ReflectedElement extends TypedElement {
  /** Id of the scene. */
  get src(): string | null {
    return this.getAttribute('src');
  }

  set src(sceneId: string | Absent) {
    this.#write('src', sceneId);
  }

  /** What the page was given to show the scene with; a new one opens a view that was refused. */
  get token(): string | null {
    return this.getAttribute('token');
  }

  set token(token: string | Absent) {
    this.#write('token', token);
  }

  /** Id of an open session of the scene, to watch it together with others; null: one of its own. */
  get session(): string | null {
    return this.getAttribute('session');
  }

  set session(sessionId: string | Absent) {
    this.#write('session', sessionId);
  }

  /** Address of the farm; empty where nobody has said it. @defaultValue where the script came from. */
  get farm(): string {
    return this.getAttribute('farm') || SCRIPT_ORIGIN;
  }

  set farm(url: string | Absent) {
    this.#write('farm', url);
  }

  /**
   * Where the camera stands: angle about the vertical, angle from straight above, and distance, with units: `rad` or `deg`,
   * and `m`, `cm`, `mm` or `%` of the first distance; each may be `auto`.
   *
   * @defaultValue auto auto auto
   */
  get cameraOrbit(): string {
    return this.getAttribute('camera-orbit') ?? 'auto auto auto';
  }

  set cameraOrbit(orbit: string | Absent) {
    this.#write('camera-orbit', orbit);
  }

  /** What it turns around: three lengths with units (`m`, `cm`, `mm`), each may be `auto`. @defaultValue auto auto auto */
  get cameraTarget(): string {
    return this.getAttribute('camera-target') ?? 'auto auto auto';
  }

  set cameraTarget(target: string | Absent) {
    this.#write('camera-target', target);
  }

  /** From the upper edge to the lower one, in `deg` or `rad`. @defaultValue auto */
  get fieldOfView(): string {
    return this.getAttribute('field-of-view') ?? 'auto';
  }

  set fieldOfView(fieldOfView: string | Absent) {
    this.#write('field-of-view', fieldOfView);
  }

  /** A factor on the light: 2 is one stop more. @defaultValue 1 */
  get exposure(): number {
    return Number(this.getAttribute('exposure') ?? 1);
  }

  set exposure(exposure: number | Absent) {
    this.#write('exposure', exposure);
  }

  /** Name of a built-in light. */
  get environmentImage(): string | null {
    return this.getAttribute('environment-image');
  }

  set environmentImage(name: string | Absent) {
    this.#write('environment-image', name);
  }

  /** One of `availableVariants`; null: the materials as they are. */
  get variantName(): string | null {
    return this.getAttribute('variant-name');
  }

  set variantName(name: string | Absent) {
    this.#write('variant-name', name);
  }

  /** One of `availableAnimations`; null: nothing moves. */
  get animationName(): string | null {
    return this.getAttribute('animation-name');
  }

  set animationName(name: string | Absent) {
    this.#write('animation-name', name);
  }

  /** Name of one of the scene, or `auto`; null: `cameraOrbit`. */
  get camera(): string | null {
    return this.getAttribute('camera');
  }

  set camera(value: string | Absent) {
    this.#write('camera', value);
  }

  /** `neutral`, `agx`, `aces` or `none`. */
  get toneMapping(): string | null {
    return this.getAttribute('tone-mapping');
  }

  set toneMapping(value: string | Absent) {
    this.#write('tone-mapping', value);
  }

  /** `neutral`, `transparent`, `environment` or `#rrggbb`. */
  get background(): string | null {
    return this.getAttribute('background');
  }

  set background(value: string | Absent) {
    this.#write('background', value);
  }

  /** Whether there is ground that shows shadows. */
  get shadow(): boolean {
    return this.hasAttribute('shadow');
  }

  set shadow(isSet: boolean | Absent) {
    this.toggleAttribute('shadow', Boolean(isSet));
  }

  /** What draws the picture at rest. @defaultValue raster */
  get engine(): Engine {
    return engineOf((name) => this.getAttribute(name));
  }

  set engine(engine: Engine | Absent) {
    this.#write('engine', engine);
  }

  /** A pixel, of the picture at rest. @defaultValue 64 of `pathtrace`, 1 of `raster` */
  get samples(): number {
    return samplesOf((name) => this.getAttribute(name));
  }

  set samples(samples: number | Absent) {
    this.#write('samples', samples);
  }

  /** Address of what is shown until there is a picture. */
  get poster(): string | null {
    return this.getAttribute('poster');
  }

  set poster(value: string | Absent) {
    this.#write('poster', value);
  }

  /** What is seen, for who does not see it. */
  get alt(): string | null {
    return this.getAttribute('alt');
  }

  set alt(value: string | Absent) {
    this.#write('alt', value);
  }

  /** `auto`, `interaction` or `manual`. */
  get reveal(): string | null {
    return this.getAttribute('reveal');
  }

  set reveal(value: string | Absent) {
    this.#write('reveal', value);
  }

  /** Whether the clip of `animationName` plays from the first picture on. */
  get autoplay(): boolean {
    return this.hasAttribute('autoplay');
  }

  set autoplay(isSet: boolean | Absent) {
    this.toggleAttribute('autoplay', Boolean(isSet));
  }

  /** Whether the hand moves the camera. */
  get cameraControls(): boolean {
    return this.hasAttribute('camera-controls');
  }

  set cameraControls(isSet: boolean | Absent) {
    this.toggleAttribute('camera-controls', Boolean(isSet));
  }

  /** Whether the hand, and the keyboard, come no nearer and go no farther away. */
  get disableZoom(): boolean {
    return this.hasAttribute('disable-zoom');
  }

  set disableZoom(isSet: boolean | Absent) {
    this.toggleAttribute('disable-zoom', Boolean(isSet));
  }

  /** Whether the hand, and the keyboard, do not shift the view. */
  get disablePan(): boolean {
    return this.hasAttribute('disable-pan');
  }

  set disablePan(isSet: boolean | Absent) {
    this.toggleAttribute('disable-pan', Boolean(isSet));
  }

  /** What a finger does that goes up or down: `pan-y`: scrolls the page; `none`: turns the view. */
  get touchAction(): string | null {
    return this.getAttribute('touch-action');
  }

  set touchAction(value: string | Absent) {
    this.#write('touch-action', value);
  }

  /** Whether figures of the last pictures are shown. */
  get stats(): boolean {
    return this.hasAttribute('stats');
  }

  set stats(areShown: boolean | Absent) {
    this.toggleAttribute('stats', Boolean(areShown));
  }

  /** What a page has set before this script came stands on the element itself, and hides the property of the same name. */
  protected takeOwnProperties(): void {
    for (const [name, value] of Object.entries(this)) {
      if (!hasSetter(this, name)) continue;
      Reflect.deleteProperty(this, name);
      Reflect.set(this, name, value);
    }
  }

  #write(name: string, value: string | number | Absent): void {
    if (value === null || value === undefined) this.removeAttribute(name);
    else this.setAttribute(name, String(value));
  }
}

/** Whether the element's class, or one that it is made of, says what happens when it is set. */
function hasSetter(element: object, name: string): boolean {
  const prototype: unknown = Object.getPrototypeOf(element);
  if (typeof prototype !== 'object' || prototype === null) return false;
  const { set } = Object.getOwnPropertyDescriptor(prototype, name) ?? {};
  return set !== undefined || hasSetter(prototype, name);
}
