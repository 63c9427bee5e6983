import { Problem } from '#libs/domain';

/** What the four properties of a signed image say; all of them, or it is not signed. Source: API.md section 22. */
export interface SignatureClaim {
  readonly certificateId: string;
  readonly hashMethod: HashMethod;
  readonly keyType: string;
  /** In base64, as it stands in the property. */
  readonly signature: string;
}

/** What a signature may be made with, and what Node calls it. */
const hashMethods = { 'SHA-224': 'sha224', 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' } as const;
export type HashMethod = keyof typeof hashMethods;
export type SignatureHash = (typeof hashMethods)[HashMethod];

const curves = ['SECT571K1', 'SECT409K1', 'SECT571R1', 'SECT409R1', 'SECP521R1', 'SECP384R1'];
/** Each type of key that an image may be signed with, and what kind of key a certificate must hold for it. */
const keyKinds: ReadonlyMap<string, 'rsa' | 'dsa' | 'ec'> = new Map([['RSA-PSS', 'rsa'], ['DSA', 'dsa'], ...curves.map((curve) => [`ECC_${curve}`, 'ec'] as const)]);

type Properties = Readonly<Record<string, string>>;
const names = ['img_signature', 'img_signature_hash_method', 'img_signature_key_type', 'img_signature_certificate_uuid'] as const;

/** Whether the image is signed: with three of the four properties it is not. */
export const isSigned = (properties: Properties): boolean => names.every((name) => Object.hasOwn(properties, name));

/** Undefined where the image is not signed. Refuses: SignatureNotVerified for what no signature can be made of. */
export function signatureClaim(imageId: string, properties: Properties): SignatureClaim | undefined {
  if (!isSigned(properties)) return undefined;
  const { img_signature: signature = '', img_signature_hash_method: hashMethod = '', img_signature_key_type: keyType = '', img_signature_certificate_uuid: certificateId = '' } = properties;
  if (bytesOf(signature) === undefined) throw notVerified(imageId, 'the signature is not properly encoded in base64');
  if (!isHashMethod(hashMethod)) throw notVerified(imageId, `there is no signature hash method ${hashMethod.slice(0, 64)}; use one of ${Object.keys(hashMethods).join(', ')}`);
  if (!keyKinds.has(keyType)) throw notVerified(imageId, `there is no signature key type ${keyType.slice(0, 64)}; use one of ${[...keyKinds.keys()].join(', ')}`);
  return { certificateId, hashMethod, keyType, signature };
}

const isHashMethod = (name: string): name is HashMethod => Object.hasOwn(hashMethods, name);
export const hashOf = ({ hashMethod }: SignatureClaim): SignatureHash => hashMethods[hashMethod];
export const keyKindOf = ({ keyType }: SignatureClaim): 'rsa' | 'dsa' | 'ec' | undefined => keyKinds.get(keyType);

/** As Python decodes it: what is not of the alphabet is passed over, and the padding must fit. Empty is none. */
export function bytesOf(base64: string): Buffer | undefined {
  const letters = base64.replaceAll(/[^A-Za-z0-9+/=]/g, '');
  const bytes = Buffer.from(letters, 'base64');
  return letters.length % 4 === 0 && bytes.length > 0 ? bytes : undefined;
}

export const notVerified = (imageId: string, detail: string): Problem => new Problem('SignatureNotVerified', { imageId, detail });
