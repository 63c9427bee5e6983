import { readS3Options } from './s3-options.js';

describe('The options of an S3 store', () => {
  const read = (given: Record<string, string>) => {
    const faults: string[] = [];
    const options = readS3Options((name) => given[name], (name, expected) => { faults.push(`${name}: ${expected}`); });
    return { options, faults };
  };
  const needed = { s3_store_host: 'https://s3.example.com', s3_store_access_key: 'a', s3_store_secret_key: 'b', s3_store_bucket: 'images' };

  it('are four that must be given, and others with a default', () => {
    const { options, faults } = read(needed);
    expect(faults).toEqual([]);
    expect(options).toMatchObject({ bucket: 'images', bucketUrlFormat: 'auto', regionName: 'us-east-1', createBucketOnPut: false, chunkBytes: 10 * 1024 ** 2, parallelParts: 4 });
    expect(read({}).faults.map((fault) => fault.split(':')[0])).toEqual(['s3_store_host', 's3_store_access_key', 's3_store_secret_key', 's3_store_bucket']);
  });

  it.each([['s3.example.com', 'https://s3.example.com'], ['http://10.0.0.1:9000', 'http://10.0.0.1:9000'], ['https://s3.example.com/', 'https://s3.example.com']])('take the host %s for %s', (host, origin) => {
    expect(read({ ...needed, s3_store_host: host }).options.endpoint.origin).toBe(origin);
  });

  it.each([
    ['s3_store_host', 'https://key:secret@s3.example.com'], ['s3_store_host', 'https://s3.example.com/images'], ['s3_store_bucket', 'Images'],
    ['s3_store_bucket', '../etc'], ['s3_store_create_bucket_on_put', 'perhaps'], ['s3_store_bucket_url_format', 'host'],
    ['s3_store_large_object_chunk_size', '4'], ['s3_store_large_object_chunk_size', 'ten'], ['s3_store_thread_pools', '0'], ['s3_store_large_object_size', '0'],
  ])('refuse %s as %s, without repeating it', (name, value) => {
    const { faults } = read({ ...needed, [name]: value });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(new RegExp(`^${name}: `));
    expect(faults[0]).not.toContain('secret@');
  });
});
