import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SignJWT } from 'jose';

export const TENANT = 'demo';

/** The secret that a server in development keeps in its data folder; `null` if there is none. */
export const developmentSecret = (dataDir: string): string | null => {
  const path = join(dataDir, 'development-jwt-secret');
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : null;
};

/** A token for somebody of the tenant `demo`; staff have their role from their record, others from `role`. */
export const tokenOf = (secret: string, subject: string, role?: string): Promise<string> =>
  new SignJWT({ tenant: TENANT, ...(role === undefined ? {} : { role }) })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(subject)
    .setExpirationTime('12h')
    .sign(Buffer.from(secret));
