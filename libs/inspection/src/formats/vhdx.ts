import { match, maxRegionBytes, region, type Finding, type Match, type Probe, type Reading } from '../probe.js';
import { isWhole, startsWith, u64, type Region } from '../region.js';

const kib = 1024;
/** Where the first region table stands. Source: [MS-VHDX] 2.2, "Header Section". */
const regionTableAt = 192 * kib;
/** Both tables are 64 KiB; metadata entries begin one entry later. */
const mostEntries = 2046;
const entryBytes = 32;
const regions = { metadata: '8b7ca206-4790-4b9a-b8fe-575f050f886e', bat: '2dc27766-f623-4200-9d64-115e9bfd4a08' };
const items = {
  fileParameters: 'caa16737-fa36-4d43-b3b6-33f0aa44e76b', virtualDiskSize: '2fa54224-cd1b-4876-b211-5dbed83bf4b8',
  virtualDiskId: 'beca12ab-b2e6-4523-93ef-c309e000c746', logicalSectorSize: '8141bf1d-a96f-4709-ba47-f233a8faab5f',
  physicalSectorSize: 'cda348c7-445d-4471-9cc9-e9885251c556', parentLocator: 'a8d35f2d-b30b-454d-abf7-d3d84834ab0c',
};

interface Entry { readonly guid: string; readonly at: number; readonly isRequired: boolean }

/** VHDX. Source: [MS-VHDX] 2.2 "Header Section", 2.6 "Metadata Region". */
export const vhdx: Probe = function* () {
  if (!startsWith(yield* region(0, 8), 'vhdxfile')) return null;
  const unreadable = (detail: string) => match('vhdx', undefined, [{ rule: 'vhdx.header', detail }]);
  const table = yield* region(regionTableAt, maxRegionBytes);
  if (!startsWith(table, 'regi')) return unreadable('there is no region table');
  const entries = regionEntries(table);
  const metadata = entries?.find(({ guid }) => guid === regions.metadata);
  // The region table has a copy behind it, and regions begin at the first MiB.
  if (!entries || !metadata || metadata.at < kib * kib) return unreadable('the region table names no metadata');
  return yield* fromMetadata(metadata.at, unknownOf(entries, regions, 'region'), unreadable);
};

function* fromMetadata(regionAt: number, findings: Finding[], unreadable: (detail: string) => Match): Reading<Match> {
  const table = yield* region(regionAt, maxRegionBytes);
  const entries = startsWith(table, 'metadata') ? metadataEntries(table) : undefined;
  if (!entries) return unreadable('there is no metadata table');
  // Items stand behind the table.
  const itemAt = (id: string): number | undefined => entries.find(({ guid, at }) => guid === id && at >= maxRegionBytes)?.at;
  const [sizeAt, parametersAt] = [itemAt(items.virtualDiskSize), itemAt(items.fileParameters)];
  if (sizeAt === undefined || parametersAt === undefined) return unreadable('the metadata names no size or no parameters');
  if (Math.abs(sizeAt - parametersAt) < 8) return unreadable('size and parameters lie within one another');
  const { size, parameters } = yield* readBoth(regionAt + sizeAt, regionAt + parametersAt);
  if (!isWhole(size) || !isWhole(parameters)) return unreadable('the metadata is cut off');
  const hasParent = (parameters.view.getUint32(4, true) & 0b10) !== 0 || entries.some(({ guid }) => guid === items.parentLocator);
  return match('vhdx', u64(size.view, 0, true), [
    ...findings, ...unknownOf(entries, items, 'metadata item'),
    hasParent && { rule: 'vhdx.parent', detail: 'the parameters or a locator name a parent' },
  ]);
}

/** Both are eight bytes, in either order. */
function* readBoth(sizeAt: number, parametersAt: number): Reading<{ size: Region; parameters: Region }> {
  const first = yield* region(Math.min(sizeAt, parametersAt), 8);
  const second = yield* region(Math.max(sizeAt, parametersAt), 8);
  return sizeAt < parametersAt ? { size: first, parameters: second } : { size: second, parameters: first };
}

function regionEntries({ view }: Region): Entry[] | undefined {
  const count = view.getUint32(8, true);
  return entriesOf(count, (index) => {
    const at = 16 + index * entryBytes;
    return { guid: guidAt(view, at), at: u64(view, at + 16, true) ?? 0, isRequired: (view.getUint32(at + 28, true) & 1) !== 0 };
  });
}

function metadataEntries({ view }: Region): Entry[] | undefined {
  const count = view.getUint16(10, true);
  return entriesOf(count, (index) => {
    const at = 32 + index * entryBytes;
    return { guid: guidAt(view, at), at: view.getUint32(at + 16, true), isRequired: (view.getUint32(at + 24, true) & 0b100) !== 0 };
  });
}

const entriesOf = (count: number, read: (index: number) => Entry): Entry[] | undefined =>
  count <= mostEntries ? Array.from({ length: count }, (_, index) => read(index)) : undefined;

/** "If the region is required and not recognized, the implementation MUST refuse to load the VHDX file"; the same goes for metadata items. */
const unknownOf = (entries: readonly Entry[], known: Readonly<Record<string, string>>, what: string): Finding[] =>
  entries.filter(({ guid, isRequired }) => isRequired && !Object.values(known).includes(guid)).slice(0, 1)
    .map(({ guid }) => ({ rule: 'vhdx.unknown_features', detail: `${what} ${guid}` }));

/** Three little-endian numbers and eight bytes. */
function guidAt(view: DataView, at: number): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  const rest = Array.from({ length: 8 }, (_, index) => hex(view.getUint8(at + 8 + index), 2)).join('');
  return `${hex(view.getUint32(at, true), 8)}-${hex(view.getUint16(at + 4, true), 4)}-${hex(view.getUint16(at + 6, true), 4)}-${rest.slice(0, 4)}-${rest.slice(4)}`;
}
