import type { ConversationAccess } from '#kernel';

export type StaffRecord = {
  readonly role: 'agent' | 'supervisor' | 'admin';
  readonly access: ConversationAccess;
  readonly active: boolean;
};

/** Who works for a tenant. Provided by the app; asked on every request, so it answers from memory. */
export abstract class StaffDirectory {
  abstract find(tenant: string, staffId: string): Promise<StaffRecord | null>;
}

/** The HMAC secret of a tenant, from the key vault. Provided by the app. */
export abstract class TenantSecrets {
  abstract secretOf(tenant: string): Promise<Buffer>;
}
