/** What tells jobs of one tenant apart: who submitted them, and free labels. */

import type { Static } from 'typebox';
import * as Type from 'typebox';
import { LIMITS } from '../limits.ts';
import { STORABLE_CHARS } from '../storable-text.ts';

/** Words without spaces around them and without commas, which stand between several on the command line. */
const LABEL_CHARS = STORABLE_CHARS.replace('[^', '[^\\s,');
const LABEL = `^${LABEL_CHARS}(?:[^\\u0000\\ud800-\\udfff,\\n]*${LABEL_CHARS})?$`;

export const JobTag = Type.String({
  minLength: 1,
  maxLength: LIMITS.tagChars,
  pattern: LABEL,
  description: `Text of 1 to ${LIMITS.tagChars} characters without commas, and without spaces around it.`,
});

export const JobTags = Type.Array(JobTag, {
  maxItems: LIMITS.jobTags,
  uniqueItems: true,
  description: 'Free labels: jobs are found by them.',
});

export const JobUser = Type.String({
  minLength: 1,
  maxLength: LIMITS.userChars,
  pattern: LABEL,
  description: `Who submits it, as text of 1 to ${LIMITS.userChars} characters. The farm takes the word of who has the tenant’s key.`,
});

/** Of requests and job files. */
export const LABELS = { user: Type.Optional(JobUser), tags: Type.Optional(JobTags) };
export type Labels = Static<Type.TObject<typeof LABELS>>;
