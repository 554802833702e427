import { KilnError } from '@kiln/shared';

/** What the fields of requests are called on the command line, by their JSON Pointer. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/^\/layers\/\d+\/films\/\d+\/codec$/, '--film-codec'],
  [/^\/layers\/\d+\/films\/\d+\/audio.*$/, '--audio'],
  [/^\/layers\/\d+\/films.*$/, '--film'],
  [/^\/layers\/\d+\/exposureEv$/, '--exposure'],
  [/^\/layers\/\d+\/environmentRotationDeg$/, '--environment-rotation'],
  [/^\/layers\/\d+\/timeLimitSec$/, '--time-limit'],
  [/^\/layers\/\d+\/clampIndirect$/, '--clamp'],
  [/^\/layers\/\d+\/shutterAngleDeg$/, '--shutter-angle'],
  [/^\/layers\/\d+\/lens\/focusDistanceM$/, '--focus-distance'],
  [/^\/layers\/\d+\/lens.*$/, '--f-stop'],
  [/^\/layers\/\d+\/camera(\/path.*)$/, '--camera-path $1'],
  [/^\/layers\/\d+\/moreClips.*$/, '--clip'],
  [/^\/layers\/\d+\/clipStartSec$/, '--clip-start'],
  [/^\/layers\/\d+\/clipEndSec$/, '--clip-end'],
  [/^\/layers\/\d+\/clipLoop$/, '--loop'],
  [/^\/layers\/\d+\/materials.*$/, '--material'],
  [/^\/layers\/\d+\/pointers.*$/, '--set'],
  [/^(?:\/layers\/\d+)?\/requires.*$/, '--require'],
  // Layers are named after their cameras.
  [/^\/layers\/\d+\/name$/, '--camera'],
  // All but what no option asks for.
  [/^\/layers\/\d+\/(?!needs\b)(\w+).*$/, '--$1'],
  [/^\/layers$/, '--frames'],
  // Of jobs that are retried.
  [/^\/frames$/, '--retry'],
  [/^\/layer$/, '--layer'],
  [/^\/priority$/, '--priority'],
  [/^\/classPolicy$/, '--class-policy'],
  [/^\/maxFailedTasks$/, '--max-failed'],
  [/^\/after.*$/, '--after'],
  [/^\/tags?(?:\/.*)?$/, '--tag'],
  [/^\/user$/, '--user'],
  [/^\/limits.*$/, '--limits'],
  [/^\/maxSlots$/, '--max-slots'],
  [/^\/maxPerHost$/, '--max-per-host'],
  [/^\/budget$/, '--budget'],
  [/^\/testFrames\/approve$/, '--approve'],
  [/^\/testFrames.*$/, '--test-frames'],
  [/^\/estimateId$/, 'ID'],
  [/^\/max$/, 'N'],
  [/^\/frameTimeoutMs$/, '--frame-timeout'],
  [/^\/notify.*$/, '--notify'],
  [/^\/events.*$/, '--events'],
  [/^\/description$/, '--description'],
  [/^\/url$/, 'URL'],
  [/^\/name$/, 'the name'],
  [/^\/(sceneId|jobId|webhookId|deliveryId)$/, 'ID'],
];

/** Errors of scenes have pointers too, into the scene's own files. */
const OF_REQUESTS = /^(request|job)\./;

/** An error in the words of the command line: a field of the request by the name of the option that it came from. */
export function inOptions(error: unknown): unknown {
  if (!(error instanceof KilnError) || error.field === undefined || !OF_REQUESTS.test(error.code)) return error;
  const { code, field: pointer, position, requestId } = error;
  const name = NAMES.find(([pattern]) => pattern.test(pointer));
  if (name === undefined) return error;
  // Options are spelt with hyphens: `--bit-depth`.
  const field = pointer
    .replace(...name)
    .replace(/^--\S+/, (option) => option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
  const message = [`${pointer} of the body`, `${pointer} of the parameters`, pointer].reduce(
    (text, spelling) => text.replaceAll(spelling, field),
    error.message,
  );
  return new KilnError(code, message, {
    field,
    cause: error,
    ...(position === undefined ? {} : { position }),
    ...(requestId === undefined ? {} : { requestId }),
  });
}
