import { patchV21 } from '../site.mjs';

const tag = 'listed';

/** Queries that need no knowledge of ids. Each is asked among the images made here, and only those. */
const queries = [
  '', 'limit=0', 'limit=1', 'limit=3', 'limit=1000', 'limit=1001', 'limit=-1', 'limit=x', 'limit=', 'limit=1.5', 'limit=%201', 'limit=1&limit=2', 'limit=+2', 'limit=1e1', 'limit=99999999999999999999',
  'sort=name', 'sort=name:asc', 'sort=name:ASC', 'sort=name:asc,size:desc', 'sort=name:asc,id', 'sort=name:up', 'sort=', 'sort=name:', 'sort=name:asc:desc', 'sort=owner', 'sort=,', 'sort=name,,id', 'sort=name:asc,name:desc', 'sort= name:asc', 'sort=name: asc', 'sort=name:asc&sort=size:asc',
  'sort_key=name', 'sort_key=name&sort_dir=asc', 'sort_key=name&sort_key=size&sort_dir=asc', 'sort_key=name&sort_key=size&sort_dir=asc&sort_dir=desc', 'sort_key=name&sort_dir=asc&sort_dir=desc', 'sort_key=owner', 'sort_key=', 'sort_dir=asc', 'sort_dir=up', 'sort_dir=', 'sort_dir=ASC', 'sort_key=name&sort_key=name',
  'sort_key=name&sort_key=size&sort_key=id&sort_dir=asc&sort_dir=desc', 'sort=name&sort_key=name', 'sort=name&sort_dir=asc', 'sort_key=min_disk', 'sort_key=visibility', 'sort_key=checksum', 'sort_key=status&sort_dir=asc', 'sort_key=size&sort_dir=asc', 'sort_key=disk_format&sort_dir=asc', 'sort_key=container_format', 'sort_key=id&sort_dir=asc', 'sort_key=updated_at', 'sort_key=created_at&sort_dir=asc',
  'sort_key=min_ram', 'sort_key=protected', 'sort_key=os_hidden', 'sort_key=tags', 'sort_key=os_distro', 'sort_key=virtual_size', 'sort_key=deleted',
  'visibility=public', 'visibility=private', 'visibility=shared', 'visibility=community', 'visibility=all', 'visibility=hidden', 'visibility=', 'visibility=Public', 'visibility=public&visibility=private', 'visibility=in:public,private',
  'member_status=accepted', 'member_status=pending', 'member_status=rejected', 'member_status=all', 'member_status=maybe', 'member_status=', 'visibility=shared&member_status=all', 'visibility=private&member_status=all',
  'name=list-a', 'name=eq:list-a', 'name=in:list-a,list-b', 'name=in:list-a', 'name=in:', 'name=in:"list-a","list,comma"', 'name=in:"a', 'name=in:a"b', 'name=in:"a"b', 'name=in:"a",', 'name=in:,', 'name=like:a', 'name=neq:list-a', 'name=list:colon', 'name=eq:list:colon', 'name=', 'name=LIST-A', 'name=list-a&name=list-b', 'name=in:"quo\\"te"', 'name=gt:a', 'name=in:list-a, list-b', 'name=list%20space', 'name=list+space', 'name=in:"list-a" ,list-b', 'name=:', 'name=in', 'name=%E6%98%A0',
  'status=active', 'status=queued', 'status=in:active,queued', 'status=deleted', 'status=nonsense', 'status=', 'status=neq:active', 'status=ACTIVE', 'status=eq:active', 'status=pending_delete', 'status=killed',
  'container_format=bare', 'container_format=in:bare,ovf', 'container_format=nonsense', 'disk_format=raw', 'disk_format=in:raw,qcow2', 'disk_format=', 'disk_format=neq:raw',
  'size_min=1', 'size_max=5', 'size_min=1&size_max=5', 'size_min=x', 'size_max=', 'size_min=-1', 'size=5', 'size=x', 'size=', 'size_min=1.5', 'size=0', 'size=in:5', 'size_min=99999999999999999999',
  'min_disk=5', 'min_ram=512', 'min_disk=x', 'min_ram_min=1', 'min_ram_max=1', 'min_disk_min=x', 'min_disk_max=100', 'virtual_size=5', 'virtual_size_min=1', 'virtual_size=x', 'name_min=1', 'os_distro_min=1', 'nonsense_max=x', 'nonsense_min=1', '_min=1', 'id_max=1',
  'checksum=nonsense', 'os_hash_value=nonsense', 'os_hash_algo=sha512', 'os_hash_algo=nonsense', 'protected=true', 'protected=false', 'protected=True', 'protected=1', 'protected=', 'os_hidden=true', 'os_hidden=false', 'os_hidden=TRUE', 'os_hidden=1', 'os_hidden=', 'os_hidden=yes', 'is_public=true', 'is_public=false', 'is_public=x',
  'created_at=gt:2020-01-01T00:00:00Z', 'created_at=lt:2020-01-01T00:00:00Z', 'created_at=gte:2020-01-01', 'created_at=2020-01-01T00:00:00Z', 'created_at=eq:2020-01-01T00:00:00Z', 'created_at=neq:2020-01-01T00:00:00Z', 'created_at=x', 'created_at=', 'created_at=gt:', 'created_at=foo:2020-01-01T00:00:00Z', 'created_at=gt:x', 'created_at=in:2020-01-01T00:00:00Z',
  'created_at=gt:2020-01-01T00:00:00%2B02:00', 'created_at=gt:2020-01-01T00:00:00.123456Z', 'created_at=gt:2020-01-01T00:00', 'created_at=gt:20200101T000000Z', 'created_at=gt:2020-02-30T00:00:00Z', 'created_at=gt:2020-01-01 00:00:00', 'created_at=gt:2020-01-01T00:00:00z', 'created_at=gt:2020', 'created_at=gt:2020-01', 'updated_at=lte:2099-01-01T00:00:00Z', 'updated_at=x', 'updated_at=gte:2020-01-01T00:00:00Z&updated_at=lt:2021-01-01T00:00:00Z',
  'changes-since=2020-01-01T00:00:00Z', 'changes-since=x', 'changes-since=', 'deleted=true', 'deleted=false', 'deleted=x', 'deleted=', 'deleted_at=x', 'os_distro=debian', 'os_distro=nonsense', 'os_distro=', 'os_distro=in:debian,ubuntu', 'os_distro=eq:debian', 'nonsense=1', 'nonsense=', 'own%3Akey=a', 'with%20space=a',
  'owner=nonsense', 'owner=', 'owner=%DEMO%', 'owner=%ALT%', 'tag=two', 'tag=two&tag=three', 'tag=two&tag=two', 'tag=nonsense', 'tag=', 'tag=two&tag=nonsense', 'tag=in:two,three', 'tag=two,three', `tag=${'x'.repeat(256)}`,
  'marker=nonsense', 'marker=', 'marker=00000000-0000-4000-8000-000000000000', 'marker=%EXISTING%', 'marker=%EXISTING%&limit=1', 'marker=%OTHERS%', 'marker=%DELETED%', 'marker=%EXISTING%&sort=name:asc', 'marker=%EXISTING%&sort=size:asc', 'marker=%EXISTING%&sort_key=disk_format&sort_key=name&sort_dir=asc', 'marker=%EXISTING%&name=list-b', 'marker=%EXISTING%&marker=%EXISTING%', 'marker=%QUEUED%&sort=size:asc', 'marker=%QUEUED%&sort=size:desc', 'marker=%UNNAMED%&sort=name:asc', 'marker=%UNNAMED%&sort=name:desc', 'marker=%HIDDEN%', 'marker=%COMMUNITY%',
  'id=%EXISTING%', 'id=in:%EXISTING%,%QUEUED%', 'id=nonsense', 'id=', 'id=eq:%EXISTING%', 'id=neq:%EXISTING%', 'bad=%ff', '%ff=bad', 'a=%zz', 'a=%', '=', '&', '&&limit=1', '=value', 'a', 'name', 'limit', 'sort', 'unknown', 'a;b=c', 'LIMIT=1', 'Name=list-a', 'location=x', 'stores=cheap', 'self=x', 'schema=x', 'image_id=x', 'properties=x', 'member=x', 'offset=1', 'page=2', 'metadata=x', 'locations=x', 'user=x', 'kernel_id=x', 'min_ram=in:5', 'checksum=in:x',
];

export async function list({ compare, image, active, prepare, projects }) {
  const ids = {
    EXISTING: await active('list-b', { tags: [tag, 'two'], os_distro: 'debian' }),
    QUEUED: await image('list-a', { tags: [tag, 'two', 'three'], min_disk: 5, min_ram: 512, disk_format: 'qcow2' }),
    UNNAMED: await image('unnamed', { name: null, tags: [tag], disk_format: null, container_format: null }),
    OTHERS: await image('list-others', { tags: [tag], visibility: 'private' }, 'alt_demo'),
    HIDDEN: await active('list-hidden', { tags: [tag], os_hidden: true }),
    COMMUNITY: await image('list-community', { tags: [tag], visibility: 'community' }, 'alt_demo'),
    DELETED: await image('list-deleted', { tags: [tag] }),
  };
  await active('list-protected', { tags: [tag, 'three'], protected: true, disk_format: 'iso', container_format: 'ovf' }, 'demo', '12345');
  await image('list,comma', { tags: [tag], visibility: 'private' });
  await image('list:colon', { tags: [tag], visibility: 'community', 'own:key': 'a' });
  await image('list space', { tags: [tag], 'with space': 'a' });
  await active('list-public', { tags: [tag, 'two'], visibility: 'public' }, 'admin');
  for (const [label, status] of [['pending'], ['accepted', 'accepted'], ['rejected', 'rejected']]) {
    const shared = await image(`list-${label}`, { tags: [tag] }, 'alt_demo');
    await prepare('alt_demo', 'POST', `/v2/images/${shared}/members`, { json: { member: projects.demo } });
    if (status) await prepare('demo', 'PUT', `/v2/images/${shared}/members/${projects.demo}`, { json: { status } });
  }
  await prepare('demo', 'DELETE', `/v2/images/${ids.DELETED}`);
  const filled = (query) => query.replaceAll(/%([A-Z]{3,})%/g, (_, name) => ({ ...ids, DEMO: projects.demo, ALT: projects.alt_demo })[name]).replaceAll(' ', '%20').replaceAll('"', '%22').replaceAll('\\', '%5C');
  for (const query of queries) await compare(`list: ?${query.slice(0, 80)}`, 'demo', 'GET', `/v2/images?tag=${tag}${query === '' ? '' : '&'}${filled(query)}`);
  for (const persona of ['admin', 'alt_demo', 'demo_reader', 'alt_demo_reader']) {
    for (const query of ['', 'visibility=all', 'visibility=private', 'visibility=shared', 'visibility=community', 'visibility=public', 'member_status=all', 'os_hidden=true', 'owner=%DEMO%', 'owner=%DEMO%&visibility=private', 'marker=%OTHERS%', 'marker=%EXISTING%']) {
      await compare(`list by ${persona}: ?${query}`, persona, 'GET', `/v2/images?tag=${tag}&sort=name:asc&${filled(query)}`);
    }
  }
  for (const persona of ['system', 'unscoped', 'garbage', 'nobody', 'empty']) {
    for (const query of ['', '?limit=x', '?marker=x']) await compare(`list by ${persona}: ${query}`, persona, 'GET', `/v2/images${query}`);
  }
  await compare('list: with a body', 'demo', 'GET', `/v2/images?tag=${tag}`, { body: '{}' });
  await compare('list: under a version prefix', 'demo', 'GET', `/v2.9/images?tag=${tag}&limit=1`);
  let path = `/v2/images?tag=${tag}&container_format=in:bare,ovf&limit=2&sort=name:asc`;
  for (let page = 1; path && page < 10; page += 1) path = (await compare(`list: page ${page}`, 'demo', 'GET', path)).json?.next;
  await prepare('demo', 'PATCH', `/v2/images/${ids.EXISTING}`, { headers: { 'content-type': patchV21 }, body: '[{"op":"add","path":"/touched","value":"x"}]' });
  await compare('list: by last change', 'demo', 'GET', `/v2/images?tag=${tag}&sort=updated_at`);
}
