import { KilnError, matches, Sha256 } from '@kiln/shared';

export interface UploadMetadata {
  readonly sha256: string;
  readonly filename: string;
}

const FILENAME_CHARS = 1_000;

/**
 * Reads tus's `Upload-Metadata`: pairs of a key and its value in base 64, separated by commas.
 *
 * @throws KilnError `request.invalid`.
 */
export function parseUploadMetadata(header: string | undefined): UploadMetadata {
  const values = new Map(
    (header ?? '').split(',').map((pair) => {
      const [key = '', value = ''] = pair.trim().split(' ');
      return [key, Buffer.from(value, 'base64').toString('utf8')];
    }),
  );
  const sha256 = values.get('sha256');
  const filename = values.get('filename');
  if (!matches(Sha256, sha256)) {
    throw invalid('expected Upload-Metadata with `sha256`, the file’s SHA-256 in lower-case hexadecimal, in base 64');
  }
  if (filename === undefined || filename === '' || filename.length > FILENAME_CHARS) {
    throw invalid(`expected Upload-Metadata with \`filename\`, 1 to ${FILENAME_CHARS} characters, in base 64`);
  }
  return { sha256, filename };
}

const invalid = (message: string) => new KilnError('request.invalid', message, { field: '/headers/upload-metadata' });
