/**
 * The one table of errors. A row is the error's stable code, what it answers on HTTP, what closes a WebSocket, whether
 * trying again unchanged can help, and what it means; the documentation and the OpenAPI description are made from it.
 */

interface ErrorRow {
  /** HTTP status. */
  readonly status: number;
  /** WebSocket close code: 4000 + HTTP status, except where the protocol has its own. */
  readonly close: number;
  /** Whether the same request can succeed later without being changed. */
  readonly retryable: boolean;
  readonly meaning: string;
}

const row = (status: number, retryable: boolean, meaning: string, close = 4000 + status): ErrorRow => ({
  status,
  close,
  retryable,
  meaning,
});

export const ERRORS = {
  'request.invalid': row(
    400,
    false,
    'The request does not match its schema; `field` is the path of the part at fault.',
  ),
  'request.bad_json': row(400, false, 'The body is not JSON.'),
  'request.too_large': row(413, false, 'The body is larger than this route takes.'),
  'request.unsupported_media_type': row(415, false, 'This route does not take a body of this content type.'),
  'request.too_many': row(429, true, 'Too many requests from this client; `Retry-After` says when to try again.'),
  'request.foreign_host': row(421, false, 'The Host header does not name this farm.'),
  'request.foreign_origin': row(403, false, 'The Origin header names another site.'),
  'identity.missing': row(401, false, 'No valid API key, sign-in or token came with the request.'),
  'identity.token_expired': row(401, false, 'The token of the live view has expired: whoever made it makes another.'),
  'identity.token_spent': row(403, false, 'Workers have drawn for the sessions of this token as long as they may.'),
  'identity.code_spent': row(401, false, 'The sign-in code was used already, has expired or never existed.'),
  'identity.forbidden': row(403, false, 'The identity is valid but may not do this.'),
  'resource.not_found': row(404, false, 'There is nothing here, or nothing that this identity may see.'),
  'resource.conflict': row(409, false, 'The resource is in a state that does not allow this.'),
  'job.bad_frame_range': row(400, false, 'The frame expression cannot be read; `position` counts characters from 0.'),
  'job.unknown_camera': row(422, false, 'The scene has no camera of this name.'),
  'job.unknown_clip': row(422, false, 'The scene has no animation clip of this name.'),
  'job.unknown_name': row(422, false, 'The scene has no variant, node, material or property of this name.'),
  'job.unsupported': row(422, false, 'No worker of this farm can do what the job asks.'),
  'job.no_frames': row(409, false, 'All frames of a film failed: there is nothing to make it of.'),
  'job.too_large': row(422, false, 'The job has more frames or pixels than the limits allow.'),
  'scene.not_ready': row(409, true, 'The scene is still being uploaded or imported.'),
  'scene.refused': row(422, false, 'The scene was refused at import; its report says why.'),
  'scene.empty_file': row(422, false, 'The file has no bytes.'),
  'scene.unsupported_format': row(422, false, 'The file is in no format that can be imported.'),
  'scene.bad_container': row(422, false, 'The GLB container is damaged.'),
  'scene.bad_json': row(422, false, 'The glTF is not JSON, or not glTF 2.0.'),
  'scene.invalid': row(422, false, 'The glTF cannot be rendered faithfully: a reference, accessor or type is wrong.'),
  'scene.missing_resource': row(422, false, 'A file that the scene refers to was not uploaded.'),
  'scene.forbidden_uri': row(422, false, 'The scene refers to something outside its own folder.'),
  'scene.unsupported_extension': row(422, false, 'The scene requires a glTF extension that is not supported.'),
  'scene.texture_too_large': row(422, false, 'A texture is larger than the limits allow.'),
  'scene.over_limit': row(422, false, 'The scene has more bytes, files, nodes or triangles than the limits allow.'),
  'scene.import_failed': row(422, true, 'The scene could not be loaded: its import crashed or ran out of time.'),
  'upload.hash_mismatch': row(422, true, 'The bytes that arrived are not those whose hash was announced.'),
  'upload.version': row(412, false, 'The client speaks no version of the upload protocol tus that is accepted here.'),
  'upload.over_limit': row(413, false, 'The upload is larger than the limits allow.'),
  'storage.full': row(507, true, 'The disk or the store is full; nothing was kept of this request.'),
  'storage.unavailable': row(503, true, 'The database, the queue or the object store does not answer.'),
  'live.no_codec': row(
    400,
    false,
    'The viewer reads no picture that this live view can send: JPEG, WebP or PNG.',
    4400,
  ),
  'live.no_worker': row(503, true, 'No worker has room for another live session.', 4503),
  'live.worker_lost': row(503, true, 'The worker that drew this session is gone.', 4504),
  'live.session_gone': row(404, false, 'The session ended, or its lease ran out.', 4404),
  'live.slow_consumer': row(503, true, 'The viewer did not read for too long.', 4505),
  'protocol.violation': row(400, false, 'A message broke a rule of PROTOCOL.md; the rule is named.', 4400),
  'protocol.version': row(426, false, 'The peer speaks no version of the protocol that is accepted here.', 4426),
  'protocol.too_large': row(413, false, 'A message is larger than the protocol allows.', 1009),
  'attempt.stale': row(409, false, 'The lease of this attempt has ended; its result is not taken.'),
  'worker.unknown': row(410, true, 'The server has given this worker up, or it has left: it must register again.'),
  'worker.lost': row(503, true, 'The worker was not heard of in time, or did not do what it held.'),
  'worker.left': row(503, true, 'The worker has left, or takes nothing new before it does; another does its work.'),
  'render.failed': row(500, true, 'The frame could not be drawn.'),
  'render.timeout': row(504, true, 'The page did not answer in time and was replaced.'),
  'render.page_lost': row(500, true, 'The page or its browser crashed, or lost its GPU context.'),
  'client.unreachable': row(503, true, 'Nothing answers at the address of the farm, or the connection broke.'),
  'client.bad_answer': row(502, false, 'What answers at the address of the farm does not speak as a Kiln server does.'),
  'client.bad_webhook': row(
    400,
    false,
    'What came as a webhook’s message is not signed by the farm, or is not of now.',
  ),
  'server.draining': row(503, true, 'The server is shutting down.', 1012),
  'server.internal': row(500, true, 'Something failed inside; the log holds the cause under the request id.', 1011),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export const ERROR_CODES = Object.keys(ERRORS) as readonly ErrorCode[];

export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);

export interface KilnErrorDetail {
  /** Path of the field at fault, as a JSON Pointer: `/layers/0/size/widthPx`. */
  readonly field?: string;
  /** Where in the field's text, counted in characters from 0. */
  readonly position?: number;
  /** The log of the server that the error came from has more under this id. */
  readonly requestId?: string;
  readonly cause?: unknown;
}

/** The only error that crosses a boundary. Its message says what was expected, what came, and what to do now. */
export class KilnError extends Error {
  override readonly name = 'KilnError';
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly position: number | undefined;
  readonly requestId: string | undefined;

  constructor(code: ErrorCode, message: string, detail: KilnErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.field = detail.field;
    this.position = detail.position;
    this.requestId = detail.requestId;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get close(): number {
    return ERRORS[this.code].close;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}
