import type { ErrorCode, ImportFinding, ImportReport } from '@kiln/shared';
import { type ValidatorMessage, type ValidatorReport, validateBytes } from 'gltf-validator';
import { PAGE_LIMITS } from '../limits.ts';
import type { Gltf } from '../scene/gltf-json.ts';
import { refuse } from './refuse.ts';

const SEVERITIES = ['error', 'warning', 'information', 'hint'] as const;
const ERROR = 0;

/**
 * Errors of the validator with which a scene cannot be rendered faithfully: container, JSON, references, bounds and types
 * of accessors, missing or damaged resources. Its other errors (normals that are not quite unit, bounds declared wrong,
 * weights that do not add up) do not keep what was meant from being drawn: culling takes the real vertices.
 */
const REFUSED = {
  ACCESSOR_INDEX_OOB: 'scene.invalid',
  ACCESSOR_JOINTS_INDEX_OOB: 'scene.invalid',
  ACCESSOR_MATRIX_ALIGNMENT: 'scene.invalid',
  ACCESSOR_OFFSET_ALIGNMENT: 'scene.invalid',
  ACCESSOR_SMALL_BYTESTRIDE: 'scene.invalid',
  ACCESSOR_SPARSE_COUNT_OUT_OF_RANGE: 'scene.invalid',
  ACCESSOR_SPARSE_INDEX_OOB: 'scene.invalid',
  ACCESSOR_TOO_LONG: 'scene.invalid',
  ANIMATION_SAMPLER_INPUT_ACCESSOR_INVALID_FORMAT: 'scene.invalid',
  ANIMATION_SAMPLER_OUTPUT_ACCESSOR_INVALID_COUNT: 'scene.invalid',
  ANIMATION_SAMPLER_OUTPUT_ACCESSOR_INVALID_FORMAT: 'scene.invalid',
  ARRAY_TYPE_MISMATCH: 'scene.invalid',
  BUFFER_BYTE_LENGTH_MISMATCH: 'scene.invalid',
  BUFFER_MISSING_GLB_DATA: 'scene.invalid',
  BUFFER_VIEW_TOO_LONG: 'scene.invalid',
  GLB_CHUNK_LENGTH_UNALIGNED: 'scene.bad_container',
  GLB_CHUNK_TOO_BIG: 'scene.bad_container',
  GLB_DUPLICATE_CHUNK: 'scene.bad_container',
  GLB_EMPTY_CHUNK: 'scene.bad_container',
  GLB_INVALID_MAGIC: 'scene.bad_container',
  GLB_INVALID_VERSION: 'scene.bad_container',
  GLB_LENGTH_MISMATCH: 'scene.bad_container',
  GLB_LENGTH_TOO_SMALL: 'scene.bad_container',
  GLB_UNEXPECTED_BIN_CHUNK: 'scene.bad_container',
  GLB_UNEXPECTED_END_OF_CHUNK_DATA: 'scene.bad_container',
  GLB_UNEXPECTED_END_OF_CHUNK_HEADER: 'scene.bad_container',
  GLB_UNEXPECTED_END_OF_HEADER: 'scene.bad_container',
  GLB_UNEXPECTED_FIRST_CHUNK: 'scene.bad_container',
  IMAGE_DATA_INVALID: 'scene.invalid',
  IMAGE_UNEXPECTED_EOS: 'scene.invalid',
  INVALID_IBM_ACCESSOR_COUNT: 'scene.invalid',
  INVALID_INDEX: 'scene.invalid',
  INVALID_JSON: 'scene.bad_json',
  IO_ERROR: 'scene.missing_resource',
  MESH_PRIMITIVE_ATTRIBUTES_ACCESSOR_INVALID_FORMAT: 'scene.invalid',
  MESH_PRIMITIVE_INDICES_ACCESSOR_INVALID_FORMAT: 'scene.invalid',
  MESH_PRIMITIVE_MORPH_TARGET_INVALID_ATTRIBUTE_COUNT: 'scene.invalid',
  MESH_PRIMITIVE_UNEQUAL_ACCESSOR_COUNT: 'scene.invalid',
  NODE_LOOP: 'scene.invalid',
  SKIN_IBM_INVALID_FORMAT: 'scene.invalid',
  TYPE_MISMATCH: 'scene.invalid',
  UNDEFINED_PROPERTY: 'scene.invalid',
  UNRESOLVED_REFERENCE: 'scene.invalid',
} as const satisfies Record<string, ErrorCode>;

/**
 * What the validator does not know and three does: KTX2 and AVIF images, whose headers were read before. Extensions that
 * are not drawn are told of by `checkExtensions`.
 */
const UNTRUE = ['IMAGE_UNRECOGNIZED_FORMAT', 'UNSUPPORTED_EXTENSION'];
const isUntrue = ({ code, message }: ValidatorMessage) =>
  code === 'VALUE_NOT_IN_LIST' && message.includes('image/avif');

/** What is nowhere, or moves there, is not drawn, and what is seen of a scene has no bounds; of a normal it is one pixel. */
const NO_NUMBER = 'ACCESSOR_INVALID_FLOAT';

/** JSON Pointers of accessors that place things: vertices, bones, keys of clips. */
export function placingAccessors({ meshes = [], skins = [], animations = [] }: Gltf): ReadonlySet<string> {
  const primitives = meshes.flatMap((mesh) => mesh.primitives);
  const indices = [
    ...primitives.flatMap(({ attributes, targets = [] }) => [attributes, ...targets].map(({ POSITION }) => POSITION)),
    ...skins.map(({ inverseBindMatrices }) => inverseBindMatrices),
    ...animations.flatMap(({ samplers }) => samplers.flatMap(({ input, output }) => [input, output])),
  ];
  return new Set(indices.flatMap((index) => (index === undefined ? [] : [`/accessors/${index}`])));
}

const isRefused = (code: string): code is keyof typeof REFUSED => Object.hasOwn(REFUSED, code);

export interface Validation {
  readonly findings: ImportFinding[];
  readonly findingCounts: ImportReport['findingCounts'];
}

/**
 * Runs the Khronos validator over a file that has passed the checks here, so that it need not fear it.
 *
 * @param read a file by its URI.
 * @param placing JSON Pointers of accessors whose numbers must be finite.
 * @throws KilnError with the code of the table above.
 */
export async function validate(
  bytes: Uint8Array,
  isGlb: boolean,
  read: (uri: string) => Promise<Uint8Array>,
  placing: ReadonlySet<string>,
): Promise<Validation> {
  const format = isGlb ? 'glb' : 'gltf';
  const options = { format, externalResourceFunction: read, writeTimestamp: false } as const;
  const report = await validateBytes(bytes, {
    ...options,
    maxIssues: PAGE_LIMITS.validatorIssues,
    ignoredIssues: UNTRUE,
  });
  throwFirst(report, placing);
  // A validation that stopped at its limit may have met nothing but trifles.
  if (report.issues.truncated) {
    const only = { ...options, maxIssues: PAGE_LIMITS.validatorIssues };
    throwFirst(await validateBytes(bytes, { ...only, maxIssues: 1, onlyIssues: Object.keys(REFUSED) }), placing);
    throwFirst(await validateBytes(bytes, { ...only, onlyIssues: [NO_NUMBER] }), placing);
  }
  const { numErrors, numWarnings, numInfos, numHints } = report.issues;
  const messages = report.issues.messages.filter((message) => !isUntrue(message));
  const untrue = report.issues.messages.length - messages.length;
  return {
    findings: messages
      .sort((a, b) => a.severity - b.severity)
      .slice(0, PAGE_LIMITS.reportedFindings)
      .map(toFinding),
    findingCounts: { error: numErrors, warning: numWarnings - untrue, information: numInfos, hint: numHints },
  };
}

function throwFirst({ issues }: ValidatorReport, placing: ReadonlySet<string>): void {
  for (const { severity, code, message, pointer } of issues.messages) {
    if (severity !== ERROR) continue;
    const refusal = isRefused(code) ? REFUSED[code] : null;
    const isNowhere = code === NO_NUMBER && placing.has(/^\/accessors\/\d+/.exec(pointer ?? '')?.[0] ?? '');
    if (refusal === null && !isNowhere) continue;
    throw refuse(
      refusal ?? 'scene.invalid',
      `The scene is not valid glTF at ${pointer || 'its root'}: ${sentence(message)} Export it again.`,
      pointer || null,
    );
  }
}

/** What was not refused is a warning at most. */
function toFinding({ code, message, severity, pointer }: ValidatorMessage): ImportFinding {
  const level = severity === ERROR ? 'warning' : (SEVERITIES[severity] ?? 'hint');
  return { severity: level, code, message, pointer: pointer ?? null };
}

const sentence = (text: string) => (/[.!?]$/.test(text) ? text : `${text}.`);
