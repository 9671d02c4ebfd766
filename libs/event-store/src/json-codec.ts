import { parseStream, type Recorded } from '#kernel';
import { type Codec, CodeTooOld, MalformedEvent, UnknownEventType } from './codec.js';
import type { EventToStore, StoredEvent } from './port.js';
import type { EventDefinition, EventDefinitions, Upcaster } from './registry.js';
import { isSealed, parsePath, type Path, replaceAt, seal, unseal, valuesAt } from './sealing.js';
import type { DataKey, KeyVault } from './vault.js';

type Json = Readonly<Record<string, unknown>>;
type ToEncode = Parameters<Codec['encode']>[0][number];
type StoredType = {
  readonly version: number;
  readonly personal: readonly Path[];
  /** Index n - 1 leads from version n to n + 1. */
  readonly steps: readonly Upcaster[];
};

/** The codec over all rooms' definitions. Throws at the start on a type defined twice, a missing upcaster step, a path of no form. */
export const createCodec = (definitions: readonly EventDefinitions[], vault: KeyVault): Codec => {
  const registry = new Map<string, StoredType>();
  for (const [type, definition] of definitions.flatMap((room) => Object.entries(room))) {
    if (registry.has(type)) throw new Error(`the stored event ${type} is defined twice`);
    registry.set(type, storedType(type, definition));
  }
  return new JsonCodec(registry, vault);
};

const storedType = (type: string, definition: EventDefinition): StoredType => {
  const { version, personal = [], upcast = {} } = definition;
  if (!Number.isInteger(version) || version < 1) throw new Error(`${type} has no version: versions begin at 1`);
  const steps = Array.from({ length: version - 1 }, (_, i) => {
    const step = upcast[i + 1];
    if (step === undefined)
      throw new Error(`${type} lacks the upcaster from version ${String(i + 1)} to ${String(i + 2)}`);
    return step;
  });
  const surplus = Object.keys(upcast).find((from) => Number(from) >= version || Number(from) < 1);
  if (surplus !== undefined)
    throw new Error(`${type} has an upcaster from version ${surplus}, but its newest version is ${String(version)}`);
  return { version, personal: personal.map(parsePath), steps };
};

class JsonCodec implements Codec {
  readonly types: ReadonlySet<string>;

  constructor(
    private readonly registry: ReadonlyMap<string, StoredType>,
    private readonly vault: KeyVault,
  ) {
    this.types = new Set(registry.keys());
  }

  async encode(events: readonly ToEncode[]): Promise<readonly EventToStore[]> {
    const clear = await Promise.all(events.map((item) => this.clearData(item)));
    const keys = await this.keysFor(events, clear);
    return events.map((item, i) => {
      const { version, personal } = this.stored(item.event.type);
      let data = clear[i] ?? {};
      const key = keys.get(keyName(item));
      if (key !== undefined) {
        for (const path of personal) data = replaceAt(data, path, (value) => seal(value, key, item.id, path.text));
      }
      const metadata = { ...item.metadata, schemaVersion: String(version) };
      return { id: item.id, type: item.event.type, schemaVersion: version, data, metadata };
    });
  }

  decode(stored: StoredEvent): Recorded {
    const type = this.registry.get(stored.type);
    if (type === undefined) throw new UnknownEventType(stored.type);
    const { schemaVersion } = stored;
    if (schemaVersion > type.version) throw new CodeTooOld(stored.type, schemaVersion);
    if (!Number.isInteger(schemaVersion) || schemaVersion < 1)
      throw new MalformedEvent(stored, 'its version is not a number from 1');
    const raw: unknown = stored.data;
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
      throw new MalformedEvent(stored, 'its data is not an object');
    let data = raw as Json;
    const name = parseStream(stored.stream);
    if (name === null) throw new MalformedEvent(stored, 'its stream has no tenant');
    for (let from = schemaVersion; from < type.version; from += 1) data = type.steps[from - 1]?.(data) ?? data;
    for (const path of type.personal) {
      data = replaceAt(data, path, (value) =>
        isSealed(value) && value.e === undefined ? { ...value, e: stored.id } : value,
      );
    }
    // Where the store parsed the metadata already it is looked at now, otherwise when somebody reads it: parsing costs more than all else here.
    if (Object.hasOwn(stored, 'metadata')) checkMetadata(stored);
    return new DecodedEvent(stored, data, name.category, name.tenant, name.subject);
  }

  async open<E extends Recorded>(event: E): Promise<E> {
    const { personal } = this.stored(event.type);
    const clear = await this.openPaths(event.data as Json, personal);
    if (clear === event.data) return event;
    if (event instanceof DecodedEvent) return event.with(clear) as unknown as E;
    return { ...event, data: clear };
  }

  async openValue(value: unknown): Promise<unknown> {
    if (!isSealed(value)) return value;
    if (value.e === undefined) throw new Error('a sealed value without its event id cannot be opened');
    const key = await this.vault.openingKey(value.k);
    return key === 'destroyed' ? null : unseal(value, key, value.e);
  }

  private stored(type: string): StoredType {
    const stored = this.registry.get(type);
    if (stored === undefined) throw new UnknownEventType(type);
    return stored;
  }

  private async openPaths(data: Json, paths: readonly Path[]): Promise<Json> {
    let clear = data;
    for (const path of paths) {
      const opened = new Map<unknown, unknown>();
      for (const value of valuesAt(clear, path)) {
        if (isSealed(value)) opened.set(value, await this.openValue(value));
      }
      if (opened.size > 0) clear = replaceAt(clear, path, (value) => (opened.has(value) ? opened.get(value) : value));
    }
    return clear;
  }

  /** A value that a decider took over from an earlier event comes sealed for that one: it is sealed anew for this one. */
  private clearData(item: ToEncode): Promise<Json> {
    return this.openPaths(item.event.data as Json, this.stored(item.event.type).personal);
  }

  /** One call per tenant for the keys of those events that have something to seal. */
  private async keysFor(events: readonly ToEncode[], clear: readonly Json[]): Promise<ReadonlyMap<string, DataKey>> {
    const wanted = new Map<string, Set<string>>();
    events.forEach((item, i) => {
      const { personal } = this.stored(item.event.type);
      if (personal.every((path) => valuesAt(clear[i] ?? {}, path).length === 0)) return;
      if (item.subject === null)
        throw new Error(`${item.event.type} has personal values, but its decider does not say whose key seals them`);
      wanted.set(item.tenant, (wanted.get(item.tenant) ?? new Set()).add(item.subject));
    });
    const keys = new Map<string, DataKey>();
    for (const [tenant, set] of wanted) {
      const subjects = [...set];
      const made = await this.vault.dataKeys(tenant, subjects);
      made.forEach((key, i) => keys.set(keyName({ tenant, subject: subjects[i] ?? null }), key));
    }
    return keys;
  }
}

/**
 * A class, not a literal with a getter: such literals have a form each, and every fold over them is slow (reading and decoding 200,000 events: 1,280 ms of CPU, so 620).
 * `metadata` stands on the prototype: a spread loses it.
 */
class DecodedEvent implements Recorded {
  readonly type: string;
  readonly id: string;
  readonly stream: string;
  readonly revision: number;
  readonly position: Recorded['position'];
  readonly recordedAt: string;

  readonly #stored: StoredEvent;

  constructor(
    stored: StoredEvent,
    readonly data: Json,
    readonly category: string,
    readonly tenant: string,
    readonly subject: string,
  ) {
    this.#stored = stored;
    this.type = stored.type;
    this.id = stored.id;
    this.stream = stored.stream;
    this.revision = stored.revision;
    this.position = stored.position;
    this.recordedAt = stored.recordedAt;
  }

  get metadata(): StoredEvent['metadata'] {
    return checkMetadata(this.#stored);
  }

  with(data: Json): DecodedEvent {
    return new DecodedEvent(this.#stored, data, this.category, this.tenant, this.subject);
  }
}

const keyName = (item: { readonly tenant: string; readonly subject: string | null }): string =>
  `${item.tenant}\n${item.subject ?? ''}`;

const checkMetadata = (stored: StoredEvent): StoredEvent['metadata'] => {
  const metadata: unknown = stored.metadata;
  const tenant =
    typeof metadata === 'object' && metadata !== null ? (metadata as { tenant?: unknown }).tenant : undefined;
  if (typeof tenant !== 'string' || tenant === '') throw new MalformedEvent(stored, 'its metadata names no tenant');
  return stored.metadata;
};
