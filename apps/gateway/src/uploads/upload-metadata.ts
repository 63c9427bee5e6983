import { checksumAlgorithms, uploadNamed, wholePart, type ChecksumAlgorithm, type PartChecksum } from '#libs/contracts';
import { Problem } from '#libs/domain';

const invalid = (detail: string): Problem => new Problem('InvalidRequest', { detail });
const mostCharacters = 4096;

/** The values of `Upload-Metadata` by key, decoded. Refuses: InvalidRequest. Source: tus 1.0, "Upload-Metadata". */
export function readMetadata(header: string | undefined): ReadonlyMap<string, string> {
  if (header === undefined || header.trim() === '') return new Map();
  if (header.length > mostCharacters) throw invalid(`Upload-Metadata is longer than ${mostCharacters} characters. Send less of it.`);
  return new Map(header.split(',').map((pair): [string, string] => {
    const [key = '', value = '', ...more] = pair.trim().split(' ');
    if (key === '' || more.length > 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) throw invalid('Upload-Metadata must be pairs of a key and a value in base64, with commas between them.');
    return [key, Buffer.from(value, 'base64').toString('utf8')];
  }));
}

const isKnown = (name: string): name is ChecksumAlgorithm => (checksumAlgorithms as readonly string[]).includes(name);

/** `Upload-Checksum`, as tus writes it, or `Content-MD5`. Refuses: InvalidRequest. Source: tus 1.0, "Checksum"; RFC 1864. */
export function readChecksum(uploadChecksum: string | undefined, contentMd5: string | undefined): PartChecksum | undefined {
  const given = uploadChecksum ?? (contentMd5 === undefined ? undefined : `md5 ${contentMd5}`);
  if (given === undefined) return undefined;
  const [algorithm = '', value = '', ...more] = given.trim().split(/\s+/);
  if (!isKnown(algorithm) || more.length > 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(value)) {
    throw invalid(`A checksum must be one of ${checksumAlgorithms.join(', ')} and, after a space, its value in base64.`);
  }
  return { algorithm, value };
}

/** A size in bytes. Refuses: InvalidRequest. */
export function readCount(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value.trim())) throw invalid(`The header ${name} must be a whole number of bytes.`);
  return Number(value);
}

/** The parts of one upload that a final one is made of, by their URLs. */
export interface Joins { readonly attemptId: string; readonly parts: readonly string[] }

/** Whether an upload is one of several parts, or made of them. Refuses: InvalidRequest. Source: tus 1.0, "Concatenation". */
export function readConcat(header: string | undefined): { readonly isPartial: boolean; readonly joins?: Joins } {
  if (header === undefined) return { isPartial: false };
  if (header.trim() === 'partial') return { isPartial: true };
  const [, urls = ''] = /^\s*final\s*;\s*(.+)$/.exec(header) ?? [];
  const named = urls.trim().split(/\s+/).map((url) => uploadNamed(url.replace(/\/+$/, '').split('/').at(-1) ?? ''));
  const [{ attemptId } = { attemptId: '' }] = named.flatMap((each) => each ?? []);
  const parts = named.flatMap((each) => (each?.attemptId === attemptId && each.part !== wholePart ? [each.part] : []));
  if (parts.length !== named.length) throw invalid('Upload-Concat must be "partial", or "final;" and the URLs of partial uploads of this image with spaces between them.');
  return { isPartial: false, joins: { attemptId, parts } };
}
