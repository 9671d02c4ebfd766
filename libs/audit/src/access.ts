// Who read what is hidden, and who took the log away: reading is a fact too. One stream a tenant, which only grows.
import { Command, decider, defineEvents, later, unheard, type Event } from '#kernel';

// ── Events ──────────────────────────────────────────────────────────────────────────────────────────────────────────
export type AccessEvent =
  | Event<
      'AuditExported',
      {
        exportId: string;
        /** The facts recorded from `from`, before `to`; `null` = from the first, to the last of that moment. */
        from: string | null;
        to: string | null;
        /** What the export's last line says: it anchors the chain in the log itself. */
        head: string;
        count: number;
        sha256: string;
        exportedBy: string;
        exportedAt: string;
      }
    >
  | Event<
      'HiddenContentViewed',
      {
        viewId: string;
        contactId: string;
        reason: string | null;
        /** The facts whose content was shown. */
        eventIds: readonly string[];
        viewedBy: string;
        viewedAt: string;
      }
    >;

// ── State ───────────────────────────────────────────────────────────────────────────────────────────────────────────
/** `subject`: whose data key seals the latest fact. */
export type Access = { readonly lastId: string; readonly lastTime: string; readonly subject: string };

const initial: Access = { lastId: '', lastTime: '', subject: '' };

const evolve = (state: Access, event: AccessEvent): Access => {
  switch (event.type) {
    case 'AuditExported': {
      const { exportId, exportedAt } = event.data;
      return { lastId: exportId, lastTime: later(exportedAt, state.lastTime), subject: '' };
    }
    case 'HiddenContentViewed': {
      const { viewId, viewedAt, contactId } = event.data;
      return { lastId: viewId, lastTime: later(viewedAt, state.lastTime), subject: `contact:${contactId}` };
    }
    default:
      return unheard(state, event);
  }
};

// ── Commands ────────────────────────────────────────────────────────────────────────────────────────────────────────
export class RecordExport extends Command<{
  readonly exportId: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly head: string;
  readonly count: number;
  readonly sha256: string;
}> {
  readonly type = 'RecordExport';
}
export class RecordView extends Command<{
  readonly viewId: string;
  readonly contactId: string;
  readonly reason: string | null;
  readonly eventIds: readonly string[];
}> {
  readonly type = 'RecordView';
}
const commands = [RecordExport, RecordView] as const;
export type AccessCommand = InstanceType<(typeof commands)[number]>;

// ── Decide ──────────────────────────────────────────────────────────────────────────────────────────────────────────
const decide = (command: AccessCommand, { lastId, lastTime }: Access): readonly AccessEvent[] => {
  const now = later(command.metadata.now, lastTime);
  const by = command.metadata.caller.id;
  switch (command.type) {
    case 'RecordExport': {
      const { exportId, from, to, head, count, sha256 } = command.data;
      return exportId === lastId
        ? []
        : [
            {
              type: 'AuditExported',
              data: { exportId, from, to, head, count, sha256, exportedBy: by, exportedAt: now },
            },
          ];
    }
    case 'RecordView': {
      const { viewId, contactId, reason, eventIds } = command.data;
      return viewId === lastId
        ? []
        : [
            {
              type: 'HiddenContentViewed',
              data: { viewId, contactId, reason, eventIds: [...eventIds], viewedBy: by, viewedAt: now },
            },
          ];
    }
  }
};

export const accessDecider = decider({
  category: 'access',
  commands,
  idOf: () => '',
  initial,
  evolve,
  decide,
  sealedFor: (state) => state.subject,
});

export const accessEvents = defineEvents<AccessEvent>()({
  AuditExported: { version: 1 },
  HiddenContentViewed: { version: 1, personal: ['reason'] },
});
