import { Problem } from '#libs/domain';
import { queryIn, readImportSource, type ImportSource, type SourceRules } from '../imports/import-source.js';

export interface LegacyTask {
  readonly source: ImportSource;
  /** Of the URI; beside the source, because it goes into no command. */
  readonly query: string;
  /** The image to be made, as the body of its creation. */
  readonly image: Readonly<Record<string, unknown>>;
}

type Body = Readonly<Record<string, unknown>>;

/** The body of POST /v2/tasks. Refuses: InvalidRequest, UriNotAllowed. Source: API.md section 16; LP 2152110 for the filter at the door. */
export function readTaskRequest({ type, input }: Body, rules: SourceRules): LegacyTask {
  if (type !== 'import') throw invalid('The type of a task must be import. An image is imported by POST /v2/images/{image_id}/import.');
  const { import_from: uri, import_from_format: format, image_properties: properties } = objectIn(input, 'input');
  if (typeof format !== 'string' || format === '') throw invalid('input needs import_from_format, the disk format of the data.');
  const image = objectIn(properties, 'input.image_properties');
  return {
    source: readImportSource('web-download', { uri: uri ?? '' }, rules),
    query: queryIn(uri),
    image: { disk_format: format, container_format: 'bare', ...image },
  };
}

function objectIn(value: unknown, name: string): Body {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Body;
  throw invalid(`${name} must be an object.`);
}

const invalid = (detail: string): Problem => new Problem('InvalidRequest', { detail });
