import type { Client, PooledClient } from './client.js';

/** A name in SQL. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * The schema that tables are made in: the first that the session's search path names, `"$user"` only where it exists.
 * `exists` is false where it has to be created first.
 */
export const ownSchema = async (
  client: Client | PooledClient,
): Promise<{ readonly name: string; readonly exists: boolean }> => {
  const { rows } = await client.query<{ name: string; exists: boolean }>(
    `select name, to_regnamespace(quote_ident(name)) is not null as exists
       from unnest(string_to_array(replace(current_setting('search_path'), '"', ''), ',')) with ordinality as path(part, at),
            lateral (select case trim(part) when '$user' then current_user else trim(part) end as name) as named
      where trim(part) <> '$user' or to_regnamespace(quote_ident(current_user)) is not null
      order by at limit 1`,
  );
  return rows[0] ?? { name: 'public', exists: true };
};

/** Where the keys live beside tables in `schema`: what empties or drops the one does not touch the other. */
export const keysSchemaOf = (schema: string): string => (schema === 'public' ? 'portaria_keys' : `${schema}_keys`);
