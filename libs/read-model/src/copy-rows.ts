import type { PoolClient, Submittable } from 'pg';

/** Text arrays are written as PostgreSQL writes them; everything else that is no plain value is JSON. */
export interface CopiedTable<Row> {
  readonly name: string;
  readonly columns: readonly (keyof Row & string)[];
  readonly textArrays: ReadonlySet<string>;
}

/** Rows in PostgreSQL's own text format; undefined where one holds half a character, which PostgreSQL would refuse in JSON and UTF-8 replaces without a word. */
export function copiedText<Row>(rows: readonly Row[], { columns, textArrays }: CopiedTable<Row>): string | undefined {
  let text = '';
  for (const row of rows) {
    let separator = '';
    for (const column of columns) {
      text += separator + valueText(row[column], textArrays.has(column));
      separator = '\t';
    }
    text += '\n';
  }
  return text.isWellFormed() ? text : undefined;
}

function valueText(value: unknown, isTextArray: boolean): string {
  if (value === null || value === undefined) return '\\N';
  if (typeof value === 'string') return escaped(value);
  if (typeof value !== 'object') return String(value);
  return escaped(isTextArray ? arrayText(value as readonly string[]) : JSON.stringify(value));
}

const special = /[\\\n\r\t]/;
const everySpecial = new RegExp(special, 'g');
const names: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
/** Hardly any text needs it. */
const escaped = (text: string): string => (special.test(text) ? text.replace(everySpecial, (character) => names[character] ?? character) : text);

const arrayText = (texts: readonly string[]): string => `{${texts.map((text) => `"${text.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;

/** What `pg` has of the protocol of COPY, and its types do not know. */
interface CopyConnection { query(text: string): void; sendCopyFromChunk(bytes: Buffer): void; endCopyFrom(): void }

/** Brings rows into a table by COPY, on a connection that is in a transaction: a third of what an insert of JSON costs PostgreSQL. Rejects as any query does. */
export function copyRows<Row>(client: PoolClient, rows: readonly Uint8Array[], { name, columns }: CopiedTable<Row>): Promise<void> {
  return new Promise((resolve, reject) => {
    let failure: Error | undefined;
    const copying = {
      submit: (connection: CopyConnection) => { connection.query(`copy ${name} (${columns.join(', ')}) from stdin`); },
      handleCopyInResponse(connection: CopyConnection) {
        for (const piece of rows) connection.sendCopyFromChunk(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
        connection.endCopyFrom();
      },
      handleCommandComplete: () => undefined,
      handleError: (error: Error) => { failure = error; reject(error); },
      handleReadyForQuery: () => { if (!failure) resolve(); },
    };
    client.query(copying as unknown as Submittable);
  });
}
