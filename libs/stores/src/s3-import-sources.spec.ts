import { configuredS3Sources, isS3, readS3Location, s3SourceOf } from './s3-import-sources.js';

const settings: Record<string, string> = {
  'import_s3_library/allowed': 'golden, shared/images/', 'import_s3_library/s3_store_host': 'https://s3.example', 'import_s3_library/s3_store_access_key': 'user', 'import_s3_library/s3_store_secret_key': 'hidden',
  'import_s3_team/allowed': 'team/@red, team/blue/@blue, golden',
};
const sections = (given = settings) => ({ value: (section: string, name: string) => given[`${section}/${name}`], name: (section: string, name: string) => `${section}.${name}` });
const sources = configuredS3Sources(['library', 'team'], sections(), { withAccess: false });
const refused = (act: () => unknown): string => {
  try {
    act();
    return '';
  } catch (error) {
    return (error as { params?: { part: string } }).params?.part ?? (error as Error).message;
  }
};

describe('A location in S3', () => {
  it('is a bucket and a key, which is taken as it stands', () => {
    expect(readS3Location('s3://golden/a b/%41/ü.qcow2')).toEqual({ bucket: 'golden', key: 'a b/%41/ü.qcow2' });
    expect([isS3('s3://x'), isS3('S3:x'), isS3('https://s3.example/')]).toEqual([true, true, false]);
  });

  it.each(['s3://golden', 's3://golden/', 's3://Golden/x', 's3://user:secret@golden/x', 's3://golden/x?versionId=1', 's3://golden/x#y', 's3://golden/a\nb', `s3://golden/${'x'.repeat(1025)}`, 'S3://golden/x'])('is not %s', (location) => {
    expect(refused(() => readS3Location(location))).toContain('s3://bucket/key');
  });

  it.each(['s3://golden/../x', 's3://golden/a/./x', 's3://golden/a/%2e%2E/x', 's3://golden/a/..'])('leads nowhere else, as %s would', (location) => {
    expect(refused(() => readS3Location(location))).toBe('its key leads elsewhere');
  });
});

describe('The accounts for imports from S3', () => {
  const nameOf = (location: string, projectId: string | null): string => refused(() => s3SourceOf(sources, readS3Location(location), projectId)) || s3SourceOf(sources, readS3Location(location), projectId).name;

  it('are used for what the operator listed, for the project that he named or for all, in his order', () => {
    expect(nameOf('s3://golden/x', 'red')).toBe('library');
    expect(nameOf('s3://shared/images/x', null)).toBe('library');
    expect(nameOf('s3://team/x', 'red')).toBe('team');
    expect(nameOf('s3://team/blue/x', 'blue')).toBe('team');
  });

  it.each([['s3://shared/image', 'red'], ['s3://shared/Images/x', 'red'], ['s3://team/x', 'blue'], ['s3://team/x', null], ['s3://team/blue', 'blue'], ['s3://other/golden/x', 'red']])('are not used for %s by %s', (location, projectId) => {
    expect(nameOf(location, projectId)).toBe('the operator lets your project import from no such place in S3');
  });

  it('are reached as stores in a bucket are, which only importers need to know', () => {
    expect(configuredS3Sources(['library'], sections(), { withAccess: true })[0]?.options).toMatchObject({ accessKey: 'user', regionName: 'us-east-1' });
    expect(refused(() => configuredS3Sources(['library', 'team'], sections(), { withAccess: true }))).toMatch(/import_s3_team\.s3_store_host.*import_s3_team\.s3_store_secret_key/);
  });

  it('are refused without a list, with one that cannot be read, and by a name that is none; no secret is repeated', () => {
    expect(refused(() => configuredS3Sources(['nobody'], sections(), { withAccess: false }))).toContain('import_s3_nobody.allowed: expected bucket');
    expect(refused(() => configuredS3Sources(['library'], sections({ ...settings, 'import_s3_library/allowed': '*', 'import_s3_library/s3_store_host': 'ftp://x' }), { withAccess: true }))).not.toContain('hidden');
    expect(refused(() => configuredS3Sources(['Not a name'], sections(), { withAccess: false }))).toContain('heliograph.import_s3_sources');
  });
});
