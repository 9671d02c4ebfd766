import { PolicyWishes, type PolicyDesk } from '#policies/policy-wishes.adapter';
import { Intake } from '#block-filter/intake.adapter';
import type { CommandRunner, EventStore } from '#event-store';
import type { Kysely } from 'kysely';
import type { Configuration, Logger, Readiness, StaffDirectory } from '#platform';
import type { ProjectorDesk } from '#projections/ops.controller';
import { staffDecider } from '#staff';
import { connectWriteSide, RECENT_MS, type WriteSide } from './facts.js';
import { PolicyShift } from './policy-shift.js';
import { projectorDesk } from './projector-desk.js';
import { openStores, type Stores } from './stores.js';

/** A running gatehouse without its HTTP door: stores, command side, projector and policies. */
export type Gatehouse = {
  readonly stores: Stores;
  readonly write: WriteSide;
  readonly intake: Intake;
  readonly staff: StaffDirectory;
  readonly projector: ProjectorDesk;
  readonly readiness: Readiness;
  close(): Promise<void>;
};

/** The embedded log's positions count its facts; a server's are byte offsets. */
const counted = ({ eventStore }: Configuration) => (eventStore.kind === 'sqlite' ? { ordinalOf: Number } : {});

const MAX_LAG_MS = 30_000;
/** A log that grows all the time is always a moment ahead. */
const MOMENT_MS = 1_000;

/** Starts what runs by itself over the stores, which are opened if they are not opening already. Throws what `openStores` throws. */
export const openGatehouse = async (
  configuration: Configuration,
  logger: Logger,
  opening: Promise<Stores> = openStores(configuration, logger),
): Promise<Gatehouse> => {
  const stores = await opening;
  const { runner } = stores;
  const write = connectWriteSide(stores);
  const intake = intakeOf(stores, write);
  const wishes = wishesOf(stores, write, (tenant, staffId) => assignedTo(stores, tenant, staffId));
  const { readStore, keyVault } = configuration;
  const isFile = readStore.kind === 'sqlite' && keyVault.kind === 'sqlite';
  const policies = new PolicyShift(stores, wishes, write.book, write.quarantineDays, isFile, logger);
  stores.projector.seat?.follow((role) => {
    policies.follow(role);
  });

  return {
    stores,
    write,
    intake,
    staff: {
      find: async (tenant, staffId) => {
        const { state } = await runner.load(staffDecider, tenant, staffId, { maxAgeMs: RECENT_MS });
        return state.status === 'unknown'
          ? null
          : { role: state.role, access: state.access, active: state.status === 'active' };
      },
    },
    projector: projectorDesk(stores, counted(configuration)),
    readiness: await readinessOf(stores),
    close: async () => {
      await policies.stop();
      await stores.close();
    },
  };
};

/** What takes in messages, over a command side. */
export const intakeOf = (
  { runner, vault }: Pick<Stores, 'vault'> & { readonly runner: CommandRunner },
  write: WriteSide,
): Intake => new Intake(runner, vault, write.book, write.enforcement, write.conversationRules, write.consentDefaults);

/** What fulfils the policies' wishes, over a command side. */
export const wishesOf = (
  { runner, store }: { readonly runner: CommandRunner; readonly store: EventStore },
  write: WriteSide,
  assignedTo: PolicyDesk['assignedTo'],
): PolicyWishes =>
  new PolicyWishes({
    runner,
    store,
    book: write.book,
    contacts: write.contacts,
    merges: write.merges,
    relinking: write.relinking,
    conversations: write.conversations,
    enforcement: write.enforcement,
    wallets: write.wallets,
    walletContacts: write.walletContacts,
    consents: write.consents,
    rules: write.blockRules,
    assignedTo,
  });

/** Ready once the live read models reached the head known at the start; not ready while they lag 30 s behind. */
const readinessOf = async ({ store, source, models, projector }: Stores): Promise<Readiness> => {
  const head = await store.head();
  let reached = head === null;
  let level = Date.now();
  return {
    probes: [
      { name: 'event-store', notReady: () => store.notReady() },
      { name: 'read-store', notReady: () => source.notReady() },
      {
        name: 'read-models',
        notReady: async () => {
          const failure = projector.failed();
          if (failure !== null) return `a projection failed: ${failure}`;
          const now = await store.head();
          const isSeen = (position: NonNullable<typeof now>['position']): Promise<boolean> =>
            models.waitFor(position, MOMENT_MS).then(
              () => true,
              () => false,
            );
          if (!reached && head !== null) reached = await isSeen(head.position);
          if (!reached) return 'the read models are catching up';
          if (now === null || (await isSeen(now.position))) level = Date.now();
          return Date.now() - level > MAX_LAG_MS ? 'the read models lag behind' : null;
        },
      },
    ],
  };
};

/** The conversations assigned to a staff member, as the read models know them. */
export const assignedTo = async (
  { models }: Pick<Stores, 'models'>,
  tenant: string,
  staffId: string,
): Promise<readonly string[]> => {
  const { value } = await models.query((db) =>
    (db as Kysely<{ inbox: { tenant: string; conversation_id: string; assignee_id: string | null } }>)
      .selectFrom('inbox')
      .select('conversation_id')
      .where('tenant', '=', tenant)
      .where('assignee_id', '=', staffId)
      .execute(),
  );
  return value.map((row) => row.conversation_id);
};
