import { Problem } from '#libs/domain';
import type { StoreSections } from './configured-stores.js';
import { readS3Options, type S3Options } from './s3-options.js';

/** One object, as `s3://bucket/key` names it. */
export interface S3Location { readonly bucket: string; readonly key: string }

/** Part of a bucket that images may be imported from: keys that begin so, for one project or for all. */
export interface AllowedObjects { readonly bucket: string; readonly prefix: string; readonly projectId?: string }

/** An account of the operator's at an S3 server, and what it may be used for. */
export interface S3ImportSource {
  readonly name: string;
  readonly allowed: readonly AllowedObjects[];
  /** How it is reached; without it, it is only known what may be imported. */
  readonly options?: S3Options;
}

const form = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/([^?#\x00-\x1f\x7f]{1,1024})$/;
const allowedForm = /^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([^@\s]{0,512}))?(?:@([^@\s]{1,255}))?$/;
const nameForm = /^[a-z0-9_]{1,32}$/;
/** What is said of a bucket in the options of a store has no meaning here: each location names one. */
const anyBucket = 'any';

export const isS3 = (location: string): boolean => /^s3:/i.test(location);

/** Refuses: UriNotAllowed. The key is taken as it stands; what a URL would resolve is refused, so that nothing leads out of a prefix. */
export function readS3Location(location: string): S3Location {
  const [, bucket = '', key = ''] = form.exec(location) ?? [];
  if (bucket === '') throw new Problem('UriNotAllowed', { part: 'an object in S3 is s3://bucket/key, without a query' });
  if (key.split('/').some((segment) => /^(\.|%2e){1,2}$/i.test(segment))) throw new Problem('UriNotAllowed', { part: 'its key leads elsewhere' });
  return { bucket, key };
}

/** The first account, in the operator's order, that this project may import the object by. Refuses: UriNotAllowed. */
export function s3SourceOf(sources: readonly S3ImportSource[], { bucket, key }: S3Location, projectId: string | null): S3ImportSource {
  const found = sources.find(({ allowed }) => allowed.some((part) => part.bucket === bucket && key.startsWith(part.prefix) && (part.projectId === undefined || part.projectId === projectId)));
  if (!found) throw new Problem('UriNotAllowed', { part: 'the operator lets your project import from no such place in S3' });
  return found;
}

/** Reads the accounts by their names: each has a section `import_s3_<name>` with `allowed`, and how it is reached in the words of S3 stores. Throws with all that is wrong, never with a value. */
export function configuredS3Sources(names: readonly string[], sections: StoreSections, { withAccess }: { readonly withAccess: boolean }): readonly S3ImportSource[] {
  const faults: string[] = [];
  const sources = names.map((name): S3ImportSource => {
    const section = `import_s3_${name}`;
    const fault = (option: string, expected: string): void => { faults.push(`${sections.name(section, option)}: expected ${expected}`); };
    if (!nameForm.test(name)) faults.push(`${sections.name('heliograph', 'import_s3_sources')}: expected names of lower-case letters, digits and _`);
    const option = (each: string): string | undefined => sections.value(section, each)?.trim() || undefined;
    const allowed = allowedIn(option('allowed') ?? '', () => { fault('allowed', 'bucket, bucket/prefix, bucket@PROJECT or bucket/prefix@PROJECT, separated by commas'); });
    return { name, allowed, ...(withAccess ? { options: readS3Options((each) => (each === 's3_store_bucket' ? anyBucket : option(each)), fault) } : {}) };
  });
  if (faults.length > 0) throw new Error(`Nothing can be imported from S3: ${faults.join('; ')}.`);
  return sources;
}

function allowedIn(text: string, fault: () => void): AllowedObjects[] {
  const parts = text.split(',').map((part) => part.trim()).filter((part) => part !== '');
  if (parts.length === 0) fault();
  return parts.flatMap((part) => {
    const [, bucket, prefix = '', projectId] = allowedForm.exec(part) ?? [];
    if (bucket !== undefined) return [{ bucket, prefix, ...(projectId === undefined ? {} : { projectId }) }];
    fault();
    return [];
  });
}
