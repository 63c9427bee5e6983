import { createHash } from 'node:crypto';
import type { ShownImage, Visibility } from '#libs/domain';
import { RegionFailure, type ImageApi } from '../src/replication/image-api.js';

/** The image service of a region in memory, as replication sees it. What goes wrong there can be chosen while it runs. */
export interface MemoryRegion extends ImageApi {
  readonly images: Map<string, ShownImage>;
  readonly membersOf: Map<string, string[]>;
  /** Bytes that came from another region. */
  broughtBytes: number;
  /** How many of the next calls fail. */
  failures: number;
  /** Called before each call. */
  onCall: (call: string) => void;
  add(image: Partial<ShownImage> & { readonly id: string }, data?: string): ShownImage;
}

/** What a body that creates an image may say; everything else is a property. */
interface Body {
  readonly id: string; readonly name: string | null; readonly owner: string | null; readonly visibility: Visibility; readonly os_hidden: boolean; readonly tags: readonly string[];
  readonly disk_format: string | null; readonly container_format: string | null; readonly min_disk: number; readonly min_ram: number;
}

const unset = { name: null, owner: null, os_hidden: false, tags: [], disk_format: null, container_format: null, min_disk: 0, min_ram: 0 };

export function memoryRegion(region: string, others: () => readonly MemoryRegion[] = () => []): MemoryRegion {
  const [images, membersOf, gone] = [new Map<string, ShownImage>(), new Map<string, string[]>(), new Set<string>()];
  let clock = 0;
  const touched = (): string => `2026-01-01T00:00:${String(clock += 1).padStart(2, '0')}Z`;
  const called = async <Value>(call: string, act: () => Value): Promise<Value> => {
    await Promise.resolve();
    here.onCall(call);
    if (here.failures > 0) {
      here.failures -= 1;
      throw new RegionFailure(region, 0, 'the connection failed');
    }
    return act();
  };
  const existing = (id: string): ShownImage => {
    const image = images.get(id);
    if (!image) throw new RegionFailure(region, 404, 'no such image');
    return image;
  };
  const put = (image: ShownImage): void => { images.set(image.id, { ...image, updatedAt: touched() }); };
  const here: MemoryRegion = {
    region, images, membersOf, broughtBytes: 0, failures: 0, onCall: () => undefined,
    add(image, data = `data of ${image.id}`) {
      const hash = `sha512:${createHash('sha512').update(data).digest('hex')}`;
      put({
        name: image.id, status: 'active', owner: 'red', visibility: 'public', isHidden: false, tags: [], properties: {}, sizeBytes: data.length, minDisk: 0, minRam: 0, diskFormat: 'raw',
        containerFormat: 'bare', hash, checksum: null, updatedAt: '', ...image,
      });
      return existing(image.id);
    },
    list: (filters) => called('list', () => [...images.values()].filter((image) => Object.entries(filters).every(([name, value]) => !name.startsWith('heliograph') || image.properties[name] === value))),
    first: ({ os_hash_value: hash }) => called('first', () => [...images.values()].filter((image) => hash === undefined || (image.hash.endsWith(hash) && image.status === 'active')).slice(0, 5)),
    show: (id) => called('show', () => images.get(id)),
    create: (body) => called('create', () => {
      const { id, name, owner, visibility, os_hidden, tags, disk_format, container_format, min_disk, min_ram, ...properties } = { ...unset, ...body } as unknown as Body;
      if (images.has(id) || gone.has(id)) return 'taken';
      put({
        id, name, owner, visibility, isHidden: os_hidden, tags, diskFormat: disk_format, containerFormat: container_format,
        minDisk: min_disk, minRam: min_ram, properties: properties as Readonly<Record<string, string>>, status: 'queued', sizeBytes: null, hash: '', checksum: null, updatedAt: '',
      });
      return existing(id);
    }),
    change: (id, changes) => called('change', () => {
      let image = existing(id);
      for (const { op, path, value } of changes as { op: string; path: string; value?: never }[]) {
        const name = path.slice(1);
        const attribute = { name: 'name', tags: 'tags', visibility: 'visibility', os_hidden: 'isHidden', min_disk: 'minDisk', min_ram: 'minRam' }[name];
        const { [name]: _, ...rest } = image.properties;
        image = attribute ? { ...image, [attribute]: value } : { ...image, properties: op === 'remove' ? rest : { ...rest, [name]: String(value) } };
      }
      put(image);
    }),
    remove: (id) => called('remove', () => { if (images.delete(id)) gone.add(id); }),
    act: (id, action) => called(action, () => { put({ ...existing(id), status: action === 'deactivate' ? 'deactivated' : 'active' }); }),
    members: (id) => called('members', () => membersOf.get(id) ?? []),
    addMember: (id, member) => called('addMember', () => { membersOf.set(id, [...membersOf.get(id) ?? [], member]); }),
    removeMember: (id, member) => called('removeMember', () => { membersOf.set(id, (membersOf.get(id) ?? []).filter((each) => each !== member)); }),
    importMethods: () => called('importMethods', () => ['glance-download']),
    download: (id, from) => called('download', () => {
      const source = [here, ...others()].find((other) => other.region === from.region)?.images.get(from.imageId);
      if (!source) throw new RegionFailure(region, 409, 'there is no such source');
      if (existing(id).status !== 'queued') return;
      if (from.region !== region) here.broughtBytes += source.sizeBytes ?? 0;
      put({ ...existing(id), status: 'active', sizeBytes: source.sizeBytes, hash: source.hash });
    }),
    lastFailure: () => called('lastFailure', () => undefined),
    access: () => called('access', () => ({ endpoint: 'http://nowhere', token: 'none' })),
  };
  return here;
}
