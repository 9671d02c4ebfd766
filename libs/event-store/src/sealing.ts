import { createCipheriv, createDecipheriv } from 'node:crypto';
import { SealBroken, type Sealed } from './codec.js';
import { keyObjectOf } from './key-objects.js';
import { randomBytesOf } from './random-pool.js';
import type { DataKey } from './vault.js';

type Json = Readonly<Record<string, unknown>>;
/** `identities[].value` = `[{identities, list}, {value}]`. */
export type Path = {
  readonly text: string;
  readonly steps: readonly { readonly name: string; readonly list: boolean }[];
};

/** Throws where the path is not of the form `a.b`, `a[].b`. */
export const parsePath = (text: string): Path => ({
  text,
  steps: text.split('.').map((step) => {
    const match = /^([^.[\]]+)(\[\])?$/.exec(step);
    if (match?.[1] === undefined) throw new Error(`${text} is not a path of a personal value: write a.b or a[].b`);
    return { name: match[1], list: match[2] !== undefined };
  }),
});

/** `data` with the values at the path replaced; copies only what lies on the way, and nothing if nothing changes. */
export const replaceAt = (data: Json, path: Path, replace: (value: unknown) => unknown, step = 0): Json => {
  const here = path.steps[step];
  if (here === undefined) return data;
  const value = data[here.name];
  if (value === undefined || value === null) return data;
  const inner = (item: unknown): unknown => {
    if (item === undefined || item === null) return item;
    if (step === path.steps.length - 1) return replace(item);
    return typeof item === 'object' ? replaceAt(item as Json, path, replace, step + 1) : item;
  };
  if (!here.list) {
    const next = inner(value);
    return next === value ? data : { ...data, [here.name]: next };
  }
  if (!Array.isArray(value)) return data;
  const next = value.map(inner);
  return next.every((item, i) => item === value[i]) ? data : { ...data, [here.name]: next };
};

/** The values at the path that are neither null nor absent. */
export const valuesAt = (data: Json, path: Path): readonly unknown[] => {
  const found: unknown[] = [];
  replaceAt(data, path, (value) => {
    found.push(value);
    return value;
  });
  return found;
};

export const isSealed = (value: unknown): value is Sealed =>
  typeof value === 'object' && value !== null && (value as Partial<Sealed>).$enc === 'v1';

const tagBytes = 16;
const nonceBytes = 12;

const aad = (eventId: string, field: string): Buffer => Buffer.from(`${eventId}\n${field}`);

/** Any JSON value, bound to its event and field. */
export const seal = (value: unknown, key: DataKey, eventId: string, field: string): Sealed => {
  const nonce = randomBytesOf(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', keyObjectOf(key.key), nonce).setAAD(aad(eventId, field));
  const bytes = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return { $enc: 'v1', k: key.keyId, f: field, n: nonce.toString('base64url'), c: bytes.toString('base64url') };
};

/** Throws SealBroken where the key, the event or the bytes are not those of the sealing. */
export const unseal = (sealed: Sealed, key: Buffer, eventId: string): unknown => {
  try {
    const bytes = Buffer.from(sealed.c, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', keyObjectOf(key), Buffer.from(sealed.n, 'base64url'))
      .setAAD(aad(eventId, sealed.f))
      .setAuthTag(bytes.subarray(-tagBytes));
    return JSON.parse(
      Buffer.concat([decipher.update(bytes.subarray(0, -tagBytes)), decipher.final()]).toString('utf8'),
    );
  } catch (error) {
    throw new SealBroken(sealed, { cause: error });
  }
};
