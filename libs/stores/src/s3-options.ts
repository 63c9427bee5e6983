/** Where an S3 store lies and how it is written to. Names and meanings are those of Glance's s3_store_* options. */
export interface S3Options {
  /** s3_store_host, as a URL; without a scheme it is https. */
  readonly endpoint: URL;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly bucket: string;
  readonly createBucketOnPut: boolean;
  /** `auto` is virtual at Amazon and path everywhere else. */
  readonly bucketUrlFormat: 'auto' | 'path' | 'virtual';
  readonly regionName: string;
  /** Data up to this size, and not larger than one part, is sent in one request. */
  readonly largeObjectBytes: number;
  /** The size of a part: what a transfer keeps in memory for each part on its way. */
  readonly chunkBytes: number;
  /** How many parts of one transfer may be on their way at once. */
  readonly parallelParts: number;
}

export const s3Defaults = { bucketUrlFormat: 'auto', regionName: 'us-east-1', largeObjectMiB: 100, chunkMiB: 10, parallelParts: 4 } as const;

const mib = 1024 * 1024;
const bounds = {
  s3_store_large_object_size: { min: 1, max: 5 * 1024 },
  s3_store_large_object_chunk_size: { min: 5, max: 1024 },
  s3_store_thread_pools: { min: 1, max: 64 },
} as const;

/** Reads the options of one store. `fault` is told each that is missing or wrong, never with its value. */
export function readS3Options(option: (name: string) => string | undefined, fault: (name: string, expected: string) => void): S3Options {
  const given = (name: string, expected: string): string => {
    const value = option(name);
    if (value === undefined) fault(name, expected);
    return value ?? '';
  };
  const number = (name: keyof typeof bounds, otherwise: number): number => {
    const { min, max } = bounds[name];
    const value = Number(option(name) ?? otherwise);
    if (!Number.isInteger(value) || value < min || value > max) fault(name, `a whole number from ${min} to ${max}`);
    return value;
  };
  return {
    endpoint: endpointOf(given('s3_store_host', 'the S3 server, as in https://s3.example.com'), () => { fault('s3_store_host', 'a host, or http:// or https:// and a host, with nothing behind it'); }),
    accessKey: given('s3_store_access_key', 'the access key'),
    secretKey: given('s3_store_secret_key', 'the secret key'),
    bucket: bucketOf(given('s3_store_bucket', 'the name of the bucket'), () => { fault('s3_store_bucket', 'the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens'); }),
    createBucketOnPut: truthOf(option('s3_store_create_bucket_on_put'), () => { fault('s3_store_create_bucket_on_put', 'true or false'); }),
    bucketUrlFormat: formatOf(option('s3_store_bucket_url_format'), () => { fault('s3_store_bucket_url_format', 'one of auto, path, virtual'); }),
    regionName: option('s3_store_region_name') ?? s3Defaults.regionName,
    largeObjectBytes: number('s3_store_large_object_size', s3Defaults.largeObjectMiB) * mib,
    chunkBytes: number('s3_store_large_object_chunk_size', s3Defaults.chunkMiB) * mib,
    parallelParts: number('s3_store_thread_pools', s3Defaults.parallelParts),
  };
}

function endpointOf(host: string, fault: () => void): URL {
  const text = /^https?:\/\//.test(host) ? host : `https://${host}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && `${url.origin}/` === url.href) return url;
  if (host !== '') fault();
  return new URL('https://unknown.invalid');
}

function bucketOf(name: string, fault: () => void): string {
  if (name !== '' && !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) fault();
  return name;
}

export function truthOf(text: string | undefined, fault: () => void): boolean {
  const value = (text ?? 'false').toLowerCase();
  if (!['true', 'yes', 'on', '1', 'false', 'no', 'off', '0'].includes(value)) fault();
  return ['true', 'yes', 'on', '1'].includes(value);
}

function formatOf(text: string | undefined, fault: () => void): S3Options['bucketUrlFormat'] {
  const format = (['auto', 'path', 'virtual'] as const).find((each) => each === (text ?? s3Defaults.bucketUrlFormat).toLowerCase());
  if (!format) fault();
  return format ?? s3Defaults.bucketUrlFormat;
}
