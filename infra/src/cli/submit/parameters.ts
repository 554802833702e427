/** Parameters of a job file: what is declared, what is set, and `${name}` in texts. */
import { describeSchema, JobParameter, KilnError, matches, type ParameterValue } from '@kiln/shared';
import { jobFileError } from './job-file-names.ts';
import type { JobFileText } from './job-file-text.ts';
import { pointerBelow } from './pointers.ts';

/** What `--set` says, by name. */
export type Settings = ReadonlyMap<string, string>;

type Type = 'string' | 'number' | 'boolean';

interface Declared {
  readonly type: Type;
  readonly value: ParameterValue | undefined;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;
/** `${name}`, or `$${`, which stands for `${`. */
const REFERENCE = /\$\$\{|\$\{([^}]*)\}?/g;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `name=value` @throws KilnError `request.invalid` */
export function parseSetting(text: string, before: Settings = new Map()): Settings {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name !== undefined && value !== undefined) return new Map([...before, [name, value]]);
  throw new KilnError('request.invalid', `--set takes NAME=VALUE, as in samples=64; it is “${text}”.`, {
    field: '--set',
  });
}

/**
 * The file's values with parameters filled in, and without their declarations.
 *
 * @throws KilnError `request.invalid` with the place of what is wrong, or `--set`.
 */
export function withParameters(text: JobFileText, settings: Settings): unknown {
  if (!isRecord(text.value)) return text.value;
  const { parameters, ...rest } = text.value;
  const declared = declaredIn(text, parameters);
  const values = new Map([...declared].map(([name, { value }]) => [name, value]));
  for (const [name, value] of settings) values.set(name, settingOf(text, declared, name, value));
  return filled(text, rest, '', values);
}

function declaredIn(text: JobFileText, parameters: unknown): ReadonlyMap<string, Declared> {
  if (parameters === undefined) return new Map();
  if (!isRecord(parameters)) throw jobFileError(text, '/parameters', 'expected an object as parameters');
  return new Map(
    Object.entries(parameters).map(([name, parameter]) => {
      const refuse = (message: string) => jobFileError(text, `/parameters/${name}`, message);
      if (!NAME.test(name)) {
        throw refuse('a parameter is named by letters, digits, “_” and “-”, of which the first is no digit');
      }
      if (!matches(JobParameter, parameter)) throw refuse(`expected ${describeSchema(JobParameter)} with its type`);
      if (!isRecord(parameter)) return [name, { type: typeOf(parameter), value: parameter }];
      const { type, default: value } = parameter;
      if (value !== undefined && typeof value !== type) throw refuse(`its default is no ${type}`);
      return [name, { type, value }];
    }),
  );
}

const typeOf = (value: ParameterValue): Type =>
  typeof value === 'string' ? 'string' : typeof value === 'number' ? 'number' : 'boolean';

function settingOf(
  { path }: JobFileText,
  declared: ReadonlyMap<string, Declared>,
  name: string,
  text: string,
): ParameterValue {
  const refuse = (message: string) => new KilnError('request.invalid', message, { field: '--set' });
  const known = declared.get(name);
  if (!known) throw refuse(`--set ${name}: ${path} has no parameter “${name}”; ${listed(declared.keys())}.`);
  if (known.type === 'string') return text;
  if (known.type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (known.type === 'number' && Number.isFinite(value)) return value;
  const wanted = known.type === 'number' ? 'a number' : 'true or false';
  throw refuse(`--set ${name} must be ${wanted}; it is “${text}”.`);
}

const listed = (names: Iterable<string>) => {
  const all = [...names];
  return all.length === 0 ? 'it has none' : `it has ${all.join(', ')}`;
};

type Values = ReadonlyMap<string, ParameterValue | undefined>;

function filled(text: JobFileText, value: unknown, pointer: string, values: Values): unknown {
  if (typeof value === 'string') return filledText(text, value, pointer, values);
  if (Array.isArray(value)) return value.map((item, index) => filled(text, item, pointerBelow(pointer, index), values));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, filled(text, part, pointerBelow(pointer, key), values)]),
  );
}

function filledText(text: JobFileText, value: string, pointer: string, values: Values): ParameterValue {
  const valueNamed = (name: string, written: string): ParameterValue => {
    const refuse = (message: string) => jobFileError(text, pointer, message);
    if (!NAME.test(name) || !written.endsWith('}')) {
      throw refuse(`“${written}” is no parameter; a text that begins so is written “$${written}”`);
    }
    const found = values.get(name);
    if (found !== undefined) return found;
    if (!values.has(name)) throw refuse(`there is no parameter “${name}”; under parameters ${listed(values.keys())}`);
    throw refuse(`the parameter “${name}” has no default: set it by --set ${name}=…`);
  };
  const [, only] = /^\$\{([^}]*)\}$/.exec(value) ?? [];
  if (only !== undefined) return valueNamed(only, value);
  return value.replaceAll(REFERENCE, (written, name?: string) =>
    name === undefined ? '${' : String(valueNamed(name, written)),
  );
}
