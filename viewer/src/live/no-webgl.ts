/** The browser gives no WebGL2 context: it has none, or not one more. */
export class NoWebGl extends Error {
  constructor(cause: unknown) {
    super('This browser gives no WebGL2.', { cause });
    this.name = 'NoWebGl';
  }
}
