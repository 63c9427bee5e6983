import { cameBy, isCarriedProperty, lineageNames, lineageOf, lineageProperties, originOf, versionOf, viaNames, type ReplicationSettings, type ShownImage } from '#libs/domain';

/** The body that creates the copy of an image; its data come afterwards. */
export function copyBody(source: ShownImage, sourceRegion: string, { copyOwner }: Pick<ReplicationSettings, 'copyOwner'>): Record<string, unknown> {
  return {
    ...given({ name: source.name, owner: copyOwner ?? source.owner, disk_format: source.diskFormat, container_format: source.containerFormat }), visibility: source.visibility, os_hidden: source.isHidden,
    min_disk: source.minDisk, min_ram: source.minRam, tags: source.tags, ...carriedProperties(source), ...lineageOfCopy(source, sourceRegion),
  };
}

const given = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));

/** A copy of a copy keeps the lineage of the first image, and says which state of that it shows: so it is the same by whichever way it came. Which way that was it says besides. */
const lineageOfCopy = (source: ShownImage, sourceRegion: string): Record<string, string> => ({
  ...lineageProperties({ ...originOf({ ...source, region: sourceRegion }), originVersion: versionOf(source), originHash: source.hash }),
  ...(lineageOf(source.properties) ? { [viaNames.region]: sourceRegion, [viaNames.id]: source.id, [viaNames.path]: [...cameBy(source.properties), sourceRegion].join('/') } : {}),
});

const carriedProperties = ({ properties }: ShownImage): Record<string, string> => Object.fromEntries(Object.entries(properties).filter(([name]) => isCarriedProperty(name)));

/** The JSON Patch that makes a copy say what its source says; empty where it does already. Owner, protection and data of a copy are its own. */
export function changesOf(source: ShownImage, copy: ShownImage): object[] {
  const attributes: readonly (readonly [string, unknown, unknown])[] = [
    ['name', source.name, copy.name], ['visibility', source.visibility, copy.visibility], ['os_hidden', source.isHidden, copy.isHidden], ['min_disk', source.minDisk, copy.minDisk],
    ['min_ram', source.minRam, copy.minRam], ['tags', [...source.tags].sort(), [...copy.tags].sort()],
  ];
  const wanted = { ...carriedProperties(source), [lineageNames.originVersion]: versionOf(source) };
  const there = copy.properties;
  return [
    ...attributes.filter(([, one, other]) => JSON.stringify(one) !== JSON.stringify(other)).map(([name, value]) => ({ op: 'replace', path: `/${name}`, value })),
    ...Object.entries(wanted).filter(([name, value]) => there[name] !== value).map(([name, value]) => ({ op: Object.hasOwn(there, name) ? 'replace' : 'add', path: pathOf(name), value })),
    ...Object.keys(there).filter((name) => isCarriedProperty(name) && !Object.hasOwn(wanted, name)).map((name) => ({ op: 'remove', path: pathOf(name) })),
  ];
}

const pathOf = (name: string): string => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
