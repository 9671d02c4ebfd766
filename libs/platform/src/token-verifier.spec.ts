import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import type { AuthConfiguration } from '#platform';
import { TokenVerifier } from '#platform/token-verifier';

let server: Server;
let url: URL;
let keys: { publicKey: CryptoKey; privateKey: CryptoKey };
beforeAll(async () => {
  keys = await generateKeyPair('RS256', { extractable: true });
  const set = JSON.stringify({ keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k', alg: 'RS256' }] });
  server = createServer((_request, response) => response.end(set));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = new URL(`http://127.0.0.1:${String((server.address() as { port: number }).port)}/`);
});
afterAll(() => {
  server.close();
});

const configured = (more: Partial<AuthConfiguration> = {}): TokenVerifier =>
  new TokenVerifier({ keys: { jwksUrl: url }, issuer: null, audience: null, subjectClaim: 'sub', ...more });
const signed = (claims: Record<string, unknown> = {}, header: Record<string, string> = {}): Promise<string> =>
  new SignJWT({ sub: 'ana', tenant: 'acme', ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'k', ...header })
    .sign(keys.privateKey);
const outcome = async (verifier: TokenVerifier, token: string): Promise<string> => {
  try {
    return (await verifier.verify(`Bearer ${token}`)).subject;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('tokens of a key set', () => {
  it('are verified by its keys', async () => {
    expect(await outcome(configured(), await signed())).toBe('ana');
  });

  it('are not taken when signed with the public key as if it were a secret', async () => {
    const spki = await exportSPKI(keys.publicKey);
    const confused = await new SignJWT({ sub: 'ana', tenant: 'acme' })
      .setProtectedHeader({ alg: 'HS256', kid: 'k' })
      .sign(Buffer.from(spki));
    expect(await outcome(configured(), confused)).toBe('unauthenticated');
  });

  it('are not taken when signed by another key', async () => {
    const other = await generateKeyPair('RS256');
    const token = await new SignJWT({ sub: 'ana', tenant: 'acme' })
      .setProtectedHeader({ alg: 'RS256', kid: 'k' })
      .sign(other.privateKey);
    expect(await outcome(configured(), token)).toBe('unauthenticated');
    expect(await outcome(configured(), await signed({}, { kid: 'unknown' }))).toBe('unauthenticated');
  });

  it('must name the issuer and audience that are configured', async () => {
    const strict = configured({ issuer: 'https://id', audience: 'portaria' });
    expect(await outcome(strict, await signed({ iss: 'https://id', aud: ['portaria', 'x'] }))).toBe('ana');
    expect(await outcome(strict, await signed({ iss: 'https://id' }))).toBe('unauthenticated');
    expect(await outcome(strict, await signed({ iss: 'https://other', aud: 'portaria' }))).toBe('unauthenticated');
  });

  it('give their subject from the claim that is configured', async () => {
    const verifier = configured({ subjectClaim: 'staff_id' });
    expect(await outcome(verifier, await signed({ sub: 'ana@example.com', staff_id: 'a-1' }))).toBe('a-1');
    expect(await outcome(verifier, await signed())).toBe('unauthenticated');
  });

  it('are not blamed when the keys cannot be fetched', async () => {
    const unreachable = configured({ keys: { jwksUrl: new URL('http://127.0.0.1:9/') } });
    expect(await outcome(unreachable, await signed())).toBe('store-unavailable');
  });

  it('are verified once while they are remembered', async () => {
    const verifier = configured();
    const token = await signed();
    expect(await outcome(verifier, token)).toBe('ana');
    expect(await verifier.verify(`bearer  ${token}`)).toBe(await verifier.verify(`Bearer ${token}`));
  });
});
