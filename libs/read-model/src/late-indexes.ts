import pg from 'pg';
import { quoted } from './database.js';

/** What is sorted at once: pieces that lie near a core and are merged afterwards take less than one piece that waits for memory at every comparison. */
const memory = '8MB';
/** One for each of two cores: PostgreSQL's own helpers cost more than they bring where every core has an index to build. */
const connections = 2;

export interface LateIndexes {
  /** Builds them as they were, several at a time, the largest first. */
  build(): Promise<void>;
}

/** Takes away what lists need of indexes of a catalogue that is about to be filled: over what stands they are built faster than row by row. */
export async function lateIndexes(url: string, schema: string): Promise<LateIndexes> {
  const definitions = await withClient(url, async (client) => {
    const { rows } = await client.query<{ name: string; definition: string }>(`
      select indexname as name, indexdef as definition from pg_indexes
      where schemaname = $1 and tablename = 'images' and indexdef not like 'CREATE UNIQUE %' order by indexdef like '% USING gin %' desc, length(indexdef) desc`, [schema]);
    if (rows.length > 0) await client.query(`drop index ${rows.map(({ name }) => `${quoted(schema)}.${client.escapeIdentifier(name)}`).join(', ')}`);
    return rows.map(({ definition }) => definition);
  });
  return { build: () => buildAll(url, definitions) };
}

/** The first failure ends the others' work after what they have begun. */
async function buildAll(url: string, definitions: readonly string[]): Promise<void> {
  const left = [...definitions];
  const failures: unknown[] = [];
  async function work(client: pg.Client): Promise<void> {
    for (let next = left.shift(); next !== undefined && failures.length === 0; next = left.shift()) await client.query(next);
  }
  await Promise.all(Array.from({ length: connections }, () => withClient(url, work).catch((error: unknown) => { failures.push(error); })));
  if (failures.length > 0) throw failures[0];
}

async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url, keepAlive: true, options: `-c maintenance_work_mem=${memory} -c max_parallel_maintenance_workers=0 -c synchronous_commit=off -c timezone=UTC` });
  client.on('error', () => { /* what is asked next rejects */ });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
