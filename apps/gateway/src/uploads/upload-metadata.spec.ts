import { readChecksum, readConcat, readCount, readMetadata } from './upload-metadata.js';

const refused = expect.objectContaining({ code: 'InvalidRequest' }) as Error;
const id = '00000000-0000-4000-8000-000000000001';

describe('The headers of an upload', () => {
  it('carry metadata as keys with values in base64, which may be missing', () => {
    expect([...readMetadata('filename d29ybGQucWNvdzI=, is_confidential,import ')]).toEqual([['filename', 'world.qcow2'], ['is_confidential', ''], ['import', '']]);
    expect(readMetadata(undefined).size).toBe(0);
  });

  it.each(['a b c', ' ,', 'a *', `a ${'x'.repeat(5000)}`])('refuse metadata that are none: %.20s', (header) => {
    expect(() => readMetadata(header)).toThrow(refused);
  });

  it('carry a checksum as tus writes it, or as Content-MD5', () => {
    expect(readChecksum('sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=', undefined)).toEqual({ algorithm: 'sha1', value: 'Kq5sNclPz7QV2+lfQIuc6R7oRu0=' });
    expect(readChecksum(undefined, 'XrY7u+Ae7tCTyyK7j1rNww==')).toEqual({ algorithm: 'md5', value: 'XrY7u+Ae7tCTyyK7j1rNww==' });
    expect(readChecksum(undefined, undefined)).toBeUndefined();
    expect(() => readChecksum('crc32 AAAA', undefined)).toThrow(refused);
    expect(() => readChecksum('sha1', undefined)).toThrow(refused);
  });

  it('name the parts that a final upload is made of, by absolute and relative URLs', () => {
    expect(readConcat(undefined)).toEqual({ isPartial: false });
    expect(readConcat('partial')).toEqual({ isPartial: true });
    expect(readConcat(`final;https://images.example/v2/images/x/uploads/${id}.0000000a /v2/images/x/uploads/${id}.0000000b/`)).toEqual({ isPartial: false, joins: { attemptId: id, parts: ['0000000a', '0000000b'] } });
    for (const wrong of ['final;', 'final;/etc/passwd', `final;/uploads/${id}`, `final;/uploads/${id}.0000000a /uploads/${id.replace(/1$/, '2')}.0000000a`, 'other']) expect(() => readConcat(wrong)).toThrow(refused);
  });

  it('carry numbers of bytes', () => {
    expect(readCount('Upload-Length', '12')).toBe(12);
    expect(readCount('Upload-Length', undefined)).toBeUndefined();
    for (const wrong of ['-1', '1.5', 'x', '']) expect(() => readCount('Upload-Length', wrong)).toThrow(refused);
  });
});
