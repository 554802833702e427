/** Who submits a job, and what it is labelled with. */
import { userInfo } from 'node:os';
import { JobTag, JobUser, KilnError, type Labels, LIMITS, matches } from '@kiln/shared';
import { Option } from 'commander';
import { userOfEnvironment } from './client-config.ts';

export interface LabelOptions {
  readonly tag?: readonly string[];
  readonly user?: string;
}

export const tagOption = () =>
  new Option('--tag <tags>', 'labels to find it by, with commas between; may be repeated').argParser(parseTags);

export const userOption = () =>
  new Option('--user <name>', 'who submits it (default: KILN_USER, or who is logged in on this machine)').argParser(
    parseUser,
  );

/** What is asked for; `user` also where no option says so. */
export const labelsOf = ({ tag, user }: LabelOptions): Labels => {
  const who = user ?? currentUser();
  return { ...(who === null ? {} : { user: who }), ...(tag === undefined ? {} : { tags: [...tag] }) };
};

/** Null where this machine knows no name that the farm takes. */
function currentUser(): string | null {
  const named = userOfEnvironment();
  if (named !== null) return userOf(named, 'KILN_USER');
  try {
    const { username } = userInfo();
    return matches(JobUser, username) ? username : null;
  } catch {
    // There is none, as in a container that runs under a bare number.
    return null;
  }
}

const parseUser = (text: string) => userOf(text, '--user');

function userOf(text: string, field: string): string {
  if (matches(JobUser, text)) return text;
  const message = `${field} must be a name of 1 to ${LIMITS.userChars} characters without commas; it is “${text}”.`;
  throw new KilnError('request.invalid', message, { field });
}

/** Labels with commas between, after those of the same option before. @throws KilnError `request.invalid` */
export function parseTags(text: string, before: readonly string[] = []): readonly string[] {
  const tags = text.split(',').map((tag) => tag.trim());
  const wrong = tags.find((tag) => !matches(JobTag, tag));
  if (wrong === undefined) return [...new Set([...before, ...tags])];
  const message = `--tag takes labels of 1 to ${LIMITS.tagChars} characters, with commas between; “${wrong}” is none.`;
  throw new KilnError('request.invalid', message, { field: '--tag' });
}
