/** An element whose own events have types; what HTML has under the same names, `<kiln-preview>` does not send. */
import type { KilnPreviewEvents } from './preview-types.ts';

type Listener<K extends keyof KilnPreviewEvents> = (event: CustomEvent<KilnPreviewEvents[K]>) => void;
type AddOptions = boolean | AddEventListenerOptions;
type RemoveOptions = boolean | EventListenerOptions;

/** Where pages are made, as by a server, there are no elements: there it only lets itself be imported. */
const PageElement: typeof HTMLElement = Reflect.get(globalThis, 'HTMLElement') ?? class {};

export class TypedElement extends PageElement {
  override addEventListener<K extends keyof KilnPreviewEvents>(
    type: K,
    listener: Listener<K>,
    options?: AddOptions,
  ): void;
  override addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: AddOptions): void;
  // Whatever the two let through.
  override addEventListener(type: string, listener: never, options?: AddOptions): void {
    super.addEventListener(type, listener, options);
  }

  override removeEventListener<K extends keyof KilnPreviewEvents>(
    type: K,
    listener: Listener<K>,
    options?: RemoveOptions,
  ): void;
  override removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: RemoveOptions,
  ): void;
  override removeEventListener(type: string, listener: never, options?: RemoveOptions): void {
    super.removeEventListener(type, listener, options);
  }
}
