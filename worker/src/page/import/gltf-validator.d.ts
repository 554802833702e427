/** The parts of the Khronos validator's interface that are used; the package has no types. */
declare module 'gltf-validator' {
  export interface ValidatorMessage {
    readonly code: string;
    readonly message: string;
    /** 0 error, 1 warning, 2 information, 3 hint. */
    readonly severity: number;
    /** JSON Pointer. */
    readonly pointer?: string;
  }

  export interface ValidatorReport {
    readonly issues: {
      readonly numErrors: number;
      readonly numWarnings: number;
      readonly numInfos: number;
      readonly numHints: number;
      readonly messages: readonly ValidatorMessage[];
      /** Whether `maxIssues` ended the validation. */
      readonly truncated: boolean;
    };
  }

  export function validateBytes(
    data: Uint8Array,
    options: {
      readonly uri?: string;
      readonly format?: 'glb' | 'gltf';
      readonly externalResourceFunction?: (uri: string) => Promise<Uint8Array>;
      readonly writeTimestamp?: boolean;
      readonly maxIssues?: number;
      readonly ignoredIssues?: readonly string[];
      /** Not together with `ignoredIssues`. */
      readonly onlyIssues?: readonly string[];
    },
  ): Promise<ValidatorReport>;
}
