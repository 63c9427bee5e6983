import { file, le, noise, text } from './bytes.js';
import { fatImage, gptImage, isoImage, luks1Image, luks2Image, mbrImage, mbrSector, ntfsImage, ploopImage } from './disk-images.js';
import { fixedVhdImage, vdiImage, vhdImage, vhdxImage } from './microsoft-images.js';
import { qcow2Image, qcowImage, qedImage } from './qcow-images.js';
import { cowdImage, vmdkDescriptorFile, vmdkImage, vmdkText } from './vmdk-images.js';

const gib = 1 << 30;

/** What a good image is, and what a bad one breaks. */
export interface Sample {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly format: string | null;
  readonly virtualSizeBytes?: number;
  readonly rules?: readonly string[];
}

export const goodImages = (): Sample[] => [
  { name: 'nothing', bytes: new Uint8Array(0), format: 'raw', virtualSizeBytes: 0 },
  { name: 'one byte', bytes: Uint8Array.of(7), format: 'raw', virtualSizeBytes: 1 },
  { name: 'zeros', bytes: new Uint8Array(70_000), format: 'raw', virtualSizeBytes: 70_000 },
  { name: 'noise', bytes: noise(70_001), format: 'raw', virtualSizeBytes: 70_001 },
  { name: 'FAT without partitions', bytes: fatImage(), format: 'raw', virtualSizeBytes: 8192 },
  { name: 'NTFS without partitions', bytes: ntfsImage(), format: 'raw', virtualSizeBytes: 8192 },
  { name: 'text', bytes: text('# a comment\nand a line\n'), format: 'raw', virtualSizeBytes: 23 },
  { name: 'qcow2 version 2', bytes: qcow2Image({ version: 2 }), format: 'qcow2', virtualSizeBytes: gib },
  { name: 'qcow2 version 3', bytes: qcow2Image(), format: 'qcow2', virtualSizeBytes: gib },
  { name: 'qcow2 with all known features', bytes: qcow2Image({ incompatible: 0b11011n, headerBytes: 112 }), format: 'qcow2', virtualSizeBytes: gib },
  { name: 'qcow2 with a feature table', bytes: qcow2Image({ extensions: [[0x6803f857, new Uint8Array(384)], [0x23852875, new Uint8Array(24)]] }), format: 'qcow2', virtualSizeBytes: gib },
  { name: 'qcow2 encrypted by LUKS', bytes: qcow2Image({ cryptMethod: 2, extensions: [[0x0537be77, new Uint8Array(16)]] }), format: 'qcow2', virtualSizeBytes: gib },
  { name: 'vmdk monolithicSparse', bytes: vmdkImage(), format: 'vmdk', virtualSizeBytes: gib },
  { name: 'vmdk streamOptimized', bytes: vmdkImage({ version: 3, descriptor: vmdkText({ createType: 'streamOptimized' }), footer: 'same' }), format: 'vmdk', virtualSizeBytes: gib },
  { name: 'vhd dynamic', bytes: vhdImage(), format: 'vhd', virtualSizeBytes: gib },
  { name: 'vhd fixed', bytes: fixedVhdImage(noise(4096)), format: 'vhd', virtualSizeBytes: 4096 },
  { name: 'vhd fixed with partitions', bytes: fixedVhdImage(mbrImage()), format: 'vhd', virtualSizeBytes: 8192 },
  { name: 'vhdx', bytes: vhdxImage(), format: 'vhdx', virtualSizeBytes: gib },
  { name: 'vdi dynamic', bytes: vdiImage(), format: 'vdi', virtualSizeBytes: gib },
  { name: 'vdi fixed', bytes: vdiImage({ type: 2 }), format: 'vdi', virtualSizeBytes: gib },
  { name: 'iso', bytes: isoImage(), format: 'iso', virtualSizeBytes: 4_096_000 },
  { name: 'iso with the boot record first', bytes: isoImage({ bootFirst: true }), format: 'iso', virtualSizeBytes: 4_096_000 },
  { name: 'iso with a partition table in front', bytes: isoImage({ more: mbrSector([{ boot: 0x80, type: 0x17, firstSector: 0 }]) }), format: 'iso', virtualSizeBytes: 4_096_000 },
  { name: 'gpt', bytes: gptImage(), format: 'gpt', virtualSizeBytes: 8192 },
  { name: 'gpt with a boot flag', bytes: gptImage([{ type: 0xee, boot: 0x80, firstSector: 1 }]), format: 'gpt', virtualSizeBytes: 8192 },
  { name: 'mbr with the remainder of a GUID table', bytes: gptImage([{}]), format: 'mbr', virtualSizeBytes: 8192 },
  { name: 'mbr', bytes: mbrImage(), format: 'mbr', virtualSizeBytes: 8192 },
  { name: 'mbr with four partitions', bytes: mbrImage([{ boot: 0x80 }, {}, { type: 0x82 }, { type: 5 }]), format: 'mbr', virtualSizeBytes: 8192 },
  { name: 'luks version 1', bytes: luks1Image(), format: 'luks', virtualSizeBytes: 32768 },
  { name: 'luks version 2', bytes: luks2Image(), format: 'luks', virtualSizeBytes: 32768 },
  { name: 'ploop version 1', bytes: ploopImage({ magic: 'WithoutFreeSpace' }), format: 'ploop', virtualSizeBytes: gib },
  { name: 'ploop version 2', bytes: ploopImage(), format: 'ploop', virtualSizeBytes: gib },
];

export const badImages = (): Sample[] => [
  { name: 'qcow2 with a backing file', bytes: qcow2Image({ backingAt: 512, backingBytes: 11 }), format: 'qcow2', rules: ['qcow2.backing_file'] },
  { name: 'qcow2 with a backing file of no length', bytes: qcow2Image({ backingAt: 512 }), format: 'qcow2', rules: ['qcow2.backing_file'] },
  { name: 'qcow2 version 2 with a backing file', bytes: qcow2Image({ version: 2, backingAt: 512, backingBytes: 11 }), format: 'qcow2', rules: ['qcow2.backing_file'] },
  { name: 'qcow2 with a data file', bytes: qcow2Image({ incompatible: 4n, extensions: [[0x44415441, text('/etc/passwd')]] }), format: 'qcow2', rules: ['qcow2.data_file'] },
  { name: 'qcow2 that names a data file without the bit', bytes: qcow2Image({ extensions: [[0x23852875, new Uint8Array(3)], [0x44415441, text('/etc/passwd')]] }), format: 'qcow2', rules: ['qcow2.data_file'] },
  { name: 'qcow2 with an unknown feature', bytes: qcow2Image({ incompatible: 1n << 5n }), format: 'qcow2', rules: ['qcow2.unknown_features'] },
  { name: 'qcow2 with the highest feature', bytes: qcow2Image({ incompatible: 1n << 63n }), format: 'qcow2', rules: ['qcow2.unknown_features'] },
  { name: 'qcow2 of a later version', bytes: qcow2Image({ version: 4 }), format: 'qcow2', rules: ['qcow2.unknown_features'] },
  { name: 'qcow2 with clusters of 4 GiB', bytes: qcow2Image({ clusterBits: 32 }), format: 'qcow2', rules: ['qcow2.header'] },
  { name: 'qcow2 with an unknown encryption', bytes: qcow2Image({ cryptMethod: 3 }), format: 'qcow2', rules: ['qcow2.header'] },
  { name: 'qcow2 of 2^63 bytes', bytes: qcow2Image({ sizeBytes: 1n << 63n }), format: 'qcow2', rules: ['any.virtual-size'] },
  { name: 'qcow2 that is cut off', bytes: qcow2Image().subarray(0, 60), format: 'qcow2', rules: ['qcow2.header'] },
  { name: 'qcow', bytes: qcowImage(), format: 'qcow', rules: ['qcow.banned'] },
  { name: 'qcow with a backing file', bytes: qcowImage({ backing: true }), format: 'qcow', rules: ['qcow.banned', 'qcow.backing_file'] },
  { name: 'qed', bytes: qedImage(), format: 'qed', rules: ['qed.banned'] },
  { name: 'qed with a backing file', bytes: qedImage({ features: 1 }), format: 'qed', rules: ['qed.banned', 'qed.backing_file'] },
  { name: 'qed with an unknown feature', bytes: qedImage({ features: 8 }), format: 'qed', rules: ['qed.banned', 'qed.unknown_features'] },
  { name: 'vmdk monolithicFlat', bytes: vmdkImage({ descriptor: vmdkText({ createType: 'monolithicFlat', extents: ['RW 1 FLAT "/etc/passwd" 0'] }) }), format: 'vmdk', rules: ['vmdk.create_type', 'vmdk.extent'] },
  { name: 'vmdk with an extent elsewhere', bytes: vmdkImage({ descriptor: vmdkText({ extents: ['RW 2097152 SPARSE "/dev/sda"'] }) }), format: 'vmdk', rules: ['vmdk.extent'] },
  { name: 'vmdk with two extents', bytes: vmdkImage({ descriptor: vmdkText({ extents: ['RW 1 SPARSE "a"', 'RW 1 SPARSE "b"'] }) }), format: 'vmdk', rules: ['vmdk.extent'] },
  { name: 'vmdk that hides a second createType in a comment', bytes: vmdkImage({ descriptor: `#createType="monolithicFlat"\n${vmdkText()}` }), format: 'vmdk', rules: ['vmdk.create_type'] },
  { name: 'vmdk without a createType', bytes: vmdkImage({ descriptor: '# Disk DescriptorFile\nRW 1 SPARSE "a"\n' }), format: 'vmdk', rules: ['vmdk.descriptor'] },
  { name: 'vmdk without a descriptor', bytes: vmdkImage({ descriptorSector: 0, descriptorSectors: 0 }), format: 'vmdk', rules: ['vmdk.descriptor'] },
  { name: 'vmdk with a descriptor beyond counting', bytes: vmdkImage({ descriptorSector: 0xffffffffffffffffn }), format: 'vmdk', rules: ['vmdk.descriptor'] },
  { name: 'vmdk with a descriptor of 4 GiB', bytes: vmdkImage({ descriptorSectors: 1 << 23 }), format: 'vmdk', rules: ['vmdk.descriptor'] },
  { name: 'vmdk with a parent', bytes: vmdkImage({ descriptor: vmdkText({ parentCid: '12345678', more: 'parentFileNameHint="/etc/passwd"' }) }), format: 'vmdk', rules: ['vmdk.parent'] },
  { name: 'vmdk whose footer says another size', bytes: vmdkImage({ footer: 'other capacity' }), format: 'vmdk', rules: ['vmdk.footer'] },
  { name: 'vmdk whose footer is missing', bytes: vmdkImage({ footer: 'missing' }), format: 'vmdk', rules: ['vmdk.footer'] },
  { name: 'vmdk of more sectors than can be counted', bytes: vmdkImage({ capacitySectors: 1n << 60n }), format: 'vmdk', rules: ['any.virtual-size'] },
  { name: 'vmdk that is a descriptor', bytes: vmdkDescriptorFile(), format: 'vmdk', rules: ['vmdk.create_type', 'vmdk.extent'] },
  { name: 'vmdk that is a descriptor by its version alone', bytes: text('# nothing\n\nversion=1\nRW 63 FLAT "/etc/passwd" 0\n'), format: 'vmdk', rules: ['vmdk.extent'] },
  { name: 'vmdk of VMFS', bytes: cowdImage(), format: 'vmdk', rules: ['vmdk.create_type'] },
  { name: 'vhd with a parent', bytes: vhdImage({ type: 4 }), format: 'vhd', rules: ['vhd.differencing'] },
  { name: 'vhd of an unknown type', bytes: vhdImage({ type: 9 }), format: 'vhd', rules: ['vhd.header'] },
  { name: 'vhdx with a parent', bytes: vhdxImage({ hasParent: true }), format: 'vhdx', rules: ['vhdx.parent'] },
  { name: 'vhdx without a region table', bytes: vhdxImage({ withTable: false }), format: 'vhdx', rules: ['vhdx.header'] },
  { name: 'vhdx with four billion regions', bytes: vhdxImage({ regionCount: 0xffffffff }), format: 'vhdx', rules: ['vhdx.header'] },
  { name: 'vhdx whose metadata is behind its table', bytes: vhdxImage({ metadataAt: 0 }), format: 'vhdx', rules: ['vhdx.header'] },
  { name: 'vhdx whose metadata is nowhere', bytes: vhdxImage({ metadataAt: 1n << 62n }), format: 'vhdx', rules: ['vhdx.header'] },
  { name: 'vhdx without metadata items', bytes: vhdxImage({ metadataCount: 0 }), format: 'vhdx', rules: ['vhdx.header'] },
  { name: 'vhdx whose size is its parameters', bytes: vhdxImage({ sizeItemAt: 65536 + 8 }), format: 'vhdx', rules: ['vhdx.header'] },
  { name: 'vhdx that needs an unknown region', bytes: vhdxImage({ moreRegions: [['11111111-2222-3333-4444-555555555555', true]] }), format: 'vhdx', rules: ['vhdx.unknown_features'] },
  { name: 'vdi with a parent', bytes: vdiImage({ type: 4 }), format: 'vdi', rules: ['vdi.differencing'] },
  { name: 'vdi that names a parent', bytes: vdiImage({ parent: 5 }), format: 'vdi', rules: ['vdi.differencing'] },
  { name: 'vdi of an unknown type', bytes: vdiImage({ type: 7 }), format: 'vdi', rules: ['vdi.header'] },
  { name: 'mbr without partitions', bytes: mbrImage([]), format: 'mbr', rules: ['gpt.mbr'] },
  { name: 'mbr with an impossible boot indicator', bytes: mbrImage([{ boot: 0x41 }]), format: 'mbr', rules: ['gpt.mbr'] },
  { name: 'gpt with a partition besides the protective one', bytes: gptImage([{ type: 0xee, firstSector: 1 }, {}]), format: 'gpt', rules: ['gpt.gptmbr'] },
  { name: 'gpt whose protective partition is the second', bytes: gptImage([{}, { type: 0xee, firstSector: 1 }]), format: 'gpt', rules: ['gpt.gptmbr'] },
  { name: 'gpt whose protective partition begins at another cylinder', bytes: gptImage([{ type: 0xee, firstSector: 1, chs: 0x010101 }]), format: 'gpt', rules: ['gpt.gptmbr'] },
  { name: 'gpt whose protective partition begins elsewhere', bytes: gptImage([{ type: 0xee, firstSector: 63 }]), format: 'gpt', rules: ['gpt.gptmbr'] },
  { name: 'luks of an unknown version', bytes: luks1Image({ version: 3 }), format: 'luks', rules: ['luks.version'] },
  { name: 'luks whose data is beyond the end', bytes: luks1Image({ payloadSector: 0xffffffff }), format: 'luks', rules: ['luks.header'] },
  { name: 'luks version 2 without sense', bytes: luks2Image({ json: '['.repeat(50_000) }), format: 'luks', rules: ['luks.header'] },
  { name: 'luks version 2 with a header of 2^63 bytes', bytes: luks2Image({ headerBytes: 1n << 63n }), format: 'luks', rules: ['luks.header'] },
  { name: 'ploop of another version', bytes: ploopImage({ version: 3 }), format: 'ploop', rules: ['ploop.header'] },
  { name: 'ploop without clusters', bytes: ploopImage({ clusterSectors: 0 }), format: 'ploop', rules: ['ploop.header'] },
  { name: 'qcow2 and iso', bytes: isoImage({ more: [[0, qcow2Image().subarray(0, 200)]] }), format: null, rules: ['any.ambiguous'] },
  { name: 'qcow2 with the signature of a boot record', bytes: file(65536, [[0, qcow2Image().subarray(0, 400)], ...mbrSector([{ boot: 0x80 }]).slice(1)]), format: null, rules: ['any.ambiguous'] },
  { name: 'vdi and qcow2', bytes: file(4096, [[0, vdiImage()], [0, qcow2Image({ version: 2 }).subarray(0, 60)], [64, le(4, 0xbeda107f)]]), format: null, rules: ['any.ambiguous'] },
];
