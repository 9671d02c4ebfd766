import { createSecretKey } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Caller, CommandMetadata } from '#kernel';
import { deriveId, type Configuration } from '#platform';
import { InviteStaffMember, staffDecider, type StaffRole } from '#staff';
import type { Gatehouse } from './gatehouse.js';

const TENANT = 'demo';
const DAYS = 30;

/** One person per staff role, invited once. */
const PEOPLE: readonly { readonly staffId: string; readonly name: string; readonly role: StaffRole }[] = [
  { staffId: 'ana', name: 'Ana Souza', role: 'agent' },
  { staffId: 'sofia', name: 'Sofia Lima', role: 'supervisor' },
  { staffId: 'adriana', name: 'Adriana Reis', role: 'admin' },
];

/** Those whose role stands in their token. */
const MACHINES = ['integration', 'ops', 'auditor'] as const;

export type DevelopmentTokens = ReadonlyMap<string, string>;

/** Invites the people of the tenant `demo` and makes a token for each role; `null` where tokens are signed elsewhere (JWKS). */
export const preparePeople = async (
  { stores }: Gatehouse,
  { auth }: Configuration,
): Promise<DevelopmentTokens | null> => {
  if (!('secret' in auth.keys)) return null;
  const key = createSecretKey(auth.keys.secret);
  const caller: Caller = { id: 'development', kind: 'system', role: 'system', access: 'all' };
  for (const { staffId, name, role } of PEOPLE) {
    const commandId = deriveId(TENANT, staffId, 'staff', 'development');
    const metadata: CommandMetadata = {
      commandId,
      correlationId: commandId,
      causationId: commandId,
      tenant: TENANT,
      caller,
      now: new Date().toISOString(),
      requestHash: 'development',
    };
    const command = new InviteStaffMember({ staffId, name, role, conversationAccess: 'all' }, metadata);
    await stores.runner.execute(staffDecider, staffId, command, metadata);
  }
  const sign = (claims: Readonly<Record<string, string>>): Promise<string> => {
    const token = new SignJWT({ tenant: TENANT, ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime(`${String(DAYS)}d`);
    if (auth.issuer !== null) token.setIssuer(auth.issuer);
    if (auth.audience !== null) token.setAudience(auth.audience);
    return token.sign(key);
  };
  const tokens = new Map<string, string>();
  for (const { staffId, role } of PEOPLE) tokens.set(role, await sign({ [auth.subjectClaim]: staffId }));
  for (const role of MACHINES) tokens.set(role, await sign({ [auth.subjectClaim]: role, role }));
  return tokens;
};

/** What a stranger reads after the first start: tokens, and three lines to paste. */
export const introduce = (address: string, tokens: DevelopmentTokens): string => {
  const token = (role: string): string => tokens.get(role) ?? '';
  const lines = [...tokens].map(([role, one]) => `  ${role.padEnd(12)} ${one}`).join('\n');
  return `
Portaria listens on ${address}  (development, tenant "${TENANT}", tokens valid ${String(DAYS)} days)
  reader of the API: ${address}/docs

Tokens:
${lines}

Try it, line by line:
  curl -sS ${address}/v1/messages/inbound -H 'Authorization: Bearer ${token('integration')}' -H 'Content-Type: application/json' -d '{"channel":"whatsapp","from":{"kind":"whatsapp","value":"+5511987654321","displayName":"Maria"},"providerMessageId":"first-1","content":{"text":"Bom dia!"}}'

  curl -sS '${address}/v1/conversations?view=unassigned' -H 'Authorization: Bearer ${token('agent')}'

  curl -sS '${address}/v1/contacts?search=maria' -H 'Authorization: Bearer ${token('agent')}'

   A whole working day, played against this server:  npm run demo
   Stop with Ctrl-C; everything is kept in the data folder.

`;
};
