import { Problem, type GivenLocation, type Image } from '#libs/domain';
import { hexLengthOf, type OsHashAlgo } from '#libs/stores';

/** As the schema of images lets it through. */
export interface GivenValidation { readonly checksum?: string; readonly os_hash_algo: string; readonly os_hash_value: string }

/**
 * What a client says that the data hashes to. What an image without data gains from it must at least be possible; what it has already is compared later.
 * Refuses: ValidationDataImpossible. Source: Glance `_validate_validation_data`.
 */
export function validationOf({ checksum, os_hash_algo: algo, os_hash_value: value }: GivenValidation, { status }: Image, osHashAlgo: OsHashAlgo): NonNullable<GivenLocation['validation']> {
  if (status === 'queued') {
    if (checksum !== undefined && !isHex(checksum, hexLengthOf('md5'))) throw impossible('checksum is no md5 in hexadecimal digits');
    if (algo !== osHashAlgo) throw impossible(`os_hash_algo must be ${osHashAlgo}`);
    if (!isHex(value, hexLengthOf(osHashAlgo))) throw impossible(`os_hash_value is no ${osHashAlgo} in hexadecimal digits`);
  }
  return { ...(checksum === undefined ? {} : { checksum: checksum.toLowerCase() }), osHashAlgo: algo, osHashValue: value.toLowerCase() };
}

const isHex = (text: string, length: number): boolean => text.length === length && /^[0-9a-f]*$/i.test(text);
const impossible = (what: string): Problem => new Problem('ValidationDataImpossible', { what });
