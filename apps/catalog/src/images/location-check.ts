import { isLocationMetadata, locationMetadataLimits, Problem, type GivenLocation, type LocationChange, type LocationMetadata } from '#libs/domain';
import { count, fields, list, oneOf, optional, plainObject, present, record, text, uuid, type Check } from '../checks.js';

const metadata: Check<LocationMetadata> = (value, name) => {
  const given = plainObject(value, name);
  if (!isLocationMetadata(given)) {
    const { deepest, longest } = locationMetadataLimits;
    throw new Problem('InvalidRequest', { detail: `In this message, ${name} must hold text, lists and objects only, at most ${deepest} levels deep and ${longest} characters long.` });
  }
  return given;
};

const short = optional(text(255)) as Check<string>;
const location = record<GivenLocation>({
  url: text(2048), metadata,
  validation: optional(record({ checksum: short, osHashAlgo: short, osHashValue: short })) as Check<NonNullable<GivenLocation['validation']>>,
  found: optional(record({ attemptId: uuid, storeId: text(255), sizeBytes: count })) as Check<NonNullable<GivenLocation['found']>>,
});

/** A change of where data lies, as it came over the bus. Refuses: InvalidRequest, naming the field. */
export const locationChange: Check<LocationChange> = (value, name) => {
  const { op } = fields(value, name, { op: oneOf(['add', 'replace', 'remove']) });
  const of = 'locations' as const;
  if (op === 'replace') return { of, op, locations: fields(value, name, { locations: list(100, location) }).locations };
  const position = present(fields(value, name, { position: optional(count) as Check<number> }));
  return op === 'remove' ? { of, op, ...position } : { of, op, ...position, location: fields(value, name, { location }).location };
};
