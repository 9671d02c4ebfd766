import { posix } from 'node:path';

export const CONTEXTS: readonly string[] = ['contacts', 'conversations', 'wallets', 'staff', 'settings'];
/** They join contexts, and each may use those before it. */
export const DOWNSTREAM: readonly string[] = ['block-filter', 'inbox', 'audit', 'policies'];
/** Technical rooms and the other rooms that each may import. */
export const TECHNICAL: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  postgres: [],
  'event-store': ['kernel', 'postgres'],
  'read-store': ['kernel', 'postgres'],
  platform: ['kernel'],
  projections: ['kernel', 'event-store', 'read-store'],
  live: ['kernel', 'event-store', 'platform'],
  client: [],
};

/** Libraries without I/O, clock or randomness of their own (the purity rule looks for their impure functions). */
export const PURE_LIBRARIES: readonly string[] = ['uuid', 'immutable', 'libphonenumber-js', 'luxon'];

export type Source = { readonly path: string; readonly text: string };

/** The room that a file belongs to: a folder of libs, `apps` or `test`. */
export const roomOf = (path: string): string => {
  const [top = '', room = ''] = path.split('/');
  return top === 'libs' ? room : top;
};

/** `contact.ts` is pure, `contact.controller.ts` is not. Only the files of contexts and downstream rooms make this promise. */
export const isPure = (path: string): boolean =>
  [...CONTEXTS, ...DOWNSTREAM].includes(roomOf(path)) && !isSpec(path) && /^[^.]+\.ts$/.test(posix.basename(path));

export const isSpec = (path: string): boolean => /\.(spec|fixture)\.ts$/.test(path);

/** Where an import leads. */
export type Target =
  | { readonly kind: 'own'; readonly path: string }
  | {
      readonly kind: 'room';
      readonly room: string;
      /** Through its index, or through a file that touches the world (`#contacts/address-book.adapter`)? */ readonly door:
        'index' | 'edge' | null;
    }
  | { readonly kind: 'node' }
  | { readonly kind: 'package'; readonly name: string };

export const targetOf = (importer: string, specifier: string): Target => {
  if (specifier.startsWith('#')) {
    const [room = '', ...rest] = specifier.slice(1).split('/');
    return room === roomOf(importer)
      ? { kind: 'own', path: `libs/${room}/src/${rest.length === 0 ? 'index' : rest.join('/')}.ts` }
      : { kind: 'room', room, door: rest.length === 0 ? 'index' : /\.[a-z]+$/.test(rest.join('/')) ? 'edge' : null };
  }
  if (specifier.startsWith('.')) {
    const path = posix.join(posix.dirname(importer), specifier).replace(/\.js$/, '.ts');
    return roomOf(path) === roomOf(importer) ? { kind: 'own', path } : { kind: 'room', room: roomOf(path), door: null };
  }
  if (specifier.startsWith('node:')) return { kind: 'node' };
  const [scope = '', name = ''] = specifier.split('/');
  return { kind: 'package', name: scope.startsWith('@') ? `${scope}/${name}` : scope };
};
