import { fixedVhdImage } from '../test/microsoft-images.js';
import { fatImage, gptImage, isoImage, mbrImage } from '../test/disk-images.js';
import { qcow2Image, qcowImage, qedImage } from '../test/qcow-images.js';
import { ploopImage } from '../test/disk-images.js';
import { noise } from '../test/bytes.js';
import { judge, startInspection, type Judgement, type JudgeOptions } from './index.js';

function judged(bytes: Uint8Array, diskFormat: string | null, options: Partial<JudgeOptions> = {}, containerFormat = 'bare'): Judgement {
  const inspection = startInspection();
  inspection.feed(bytes);
  return judge(inspection.finish(), { diskFormat, containerFormat }, { requireFormatMatch: true, gptSafetyChecksNonfatal: [], ...options });
}

const gib = 1 << 30;
const lenient = { requireFormatMatch: false };

describe('What an image may have as its data', () => {
  it('is data of its own format, whose virtual size it gets', () => {
    expect(judged(qcow2Image(), 'qcow2')).toEqual({ isAccepted: true, virtualSizeBytes: gib, ignored: [] });
    expect(judged(isoImage(), 'iso')).toMatchObject({ isAccepted: true, virtualSizeBytes: 4_096_000 });
    expect(judged(ploopImage(), 'ploop')).toMatchObject({ isAccepted: true, virtualSizeBytes: gib });
    expect(judged(fixedVhdImage(noise(1024)), 'vhd')).toMatchObject({ isAccepted: true, virtualSizeBytes: 1024 });
  });

  it('is not data of another format', () => {
    expect(judged(qcow2Image(), 'vmdk')).toEqual({ isAccepted: false, why: 'mismatch', detail: 'its disk_format is vmdk, but its data is qcow2' });
    expect(judged(noise(10), 'qcow2')).toMatchObject({ isAccepted: false, why: 'mismatch' });
    expect(judged(gptImage(), 'iso')).toMatchObject({ isAccepted: false, why: 'mismatch' });
  });

  it('is anything safe where the image claims to be raw, and its virtual size is then that of its bytes', () => {
    const qcow2 = qcow2Image();
    expect(judged(qcow2, 'raw')).toMatchObject({ isAccepted: true, virtualSizeBytes: qcow2.byteLength });
    expect(judged(mbrImage(), 'raw')).toMatchObject({ isAccepted: true, virtualSizeBytes: 8192 });
    expect(judged(fatImage(), 'raw')).toMatchObject({ isAccepted: true, virtualSizeBytes: 8192 });
    expect(judged(qcow2Image({ backingAt: 512, backingBytes: 11 }), 'raw')).toMatchObject({ isAccepted: false, why: 'unsafe', findings: [{ rule: 'qcow2.backing_file' }] });
  });

  it('is nothing at all for a zero-length upload, which has no virtual size', () => {
    expect(judged(new Uint8Array(0), 'raw')).toEqual({ isAccepted: true, ignored: [] });
  });

  it('is unrecognised where the image has a format that nobody can recognise', () => {
    expect(judged(noise(1000), 'ami')).toEqual({ isAccepted: true, ignored: [] });
    expect(judged(noise(1000), 'ploop')).toEqual({ isAccepted: true, ignored: [] });
    expect(judged(qcow2Image(), 'ami')).toMatchObject({ isAccepted: false, why: 'mismatch' });
  });

  it('is never several formats at once, unless mismatches are allowed', () => {
    const both = isoImage({ more: [[0, qcow2Image().subarray(0, 200)]] });
    for (const diskFormat of ['qcow2', 'iso', 'raw']) expect(judged(both, diskFormat)).toMatchObject({ isAccepted: false, why: 'mismatch' });
    expect(judged(both, 'iso', lenient)).toMatchObject({ isAccepted: true });
  });

  it('may be of another format where mismatches are allowed, but gets no virtual size and must be safe', () => {
    expect(judged(qcow2Image(), 'vmdk', lenient)).toEqual({ isAccepted: true, ignored: [] });
    expect(judged(qcow2Image({ incompatible: 4n }), 'vmdk', lenient)).toMatchObject({ isAccepted: false, why: 'unsafe' });
  });

  it('is not looked into where it is in a container', () => {
    expect(judged(qcow2Image({ backingAt: 512, backingBytes: 11 }), 'vmdk', {}, 'ova')).toEqual({ isAccepted: true, ignored: [] });
  });

  it('may break the rules of boot records that the operator calls not fatal, and no others', () => {
    const both = gptImage([{ type: 0xee, boot: 0x41, firstSector: 63 }]);
    expect(judged(both, 'raw')).toMatchObject({ isAccepted: false, findings: [{ rule: 'gpt.mbr' }, { rule: 'gpt.gptmbr' }] });
    expect(judged(both, 'raw', { gptSafetyChecksNonfatal: ['gptmbr'] })).toMatchObject({ isAccepted: false, findings: [{ rule: 'gpt.mbr' }] });
    expect(judged(both, 'raw', { gptSafetyChecksNonfatal: ['mbr'] })).toMatchObject({ isAccepted: true, ignored: [{ rule: 'gpt.mbr' }, { rule: 'gpt.gptmbr' }] });
    expect(judged(qcow2Image({ incompatible: 4n }), 'qcow2', { gptSafetyChecksNonfatal: ['data_file'] })).toMatchObject({ isAccepted: false });
  });

  it('may be a kernel with the signature of a boot record and no partitions', () => {
    expect(judged(mbrImage([]), 'aki', lenient)).toMatchObject({ isAccepted: true });
    expect(judged(mbrImage([]), 'raw', lenient)).toMatchObject({ isAccepted: false, why: 'unsafe' });
  });

  it('is qcow or qed only where the image says so', () => {
    expect(judged(qcowImage(), 'raw')).toMatchObject({ isAccepted: false, findings: [{ rule: 'qcow.banned' }] });
    expect(judged(qcowImage(), 'qcow')).toMatchObject({ isAccepted: true, virtualSizeBytes: gib });
    expect(judged(qedImage(), 'qed')).toMatchObject({ isAccepted: true, virtualSizeBytes: gib });
    expect(judged(qedImage({ features: 1 }), 'qed')).toMatchObject({ isAccepted: false, findings: [{ rule: 'qed.backing_file' }] });
  });
});
