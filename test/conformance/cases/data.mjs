const text = 'some bytes of an image';
const octets = { 'content-type': 'application/octet-stream' };

export async function data({ compare, image, active, prepare, show }) {
  const at = (imageId) => `/v2/images/${imageId}/file`;
  const queued = await image('data queued');
  await compare('data: download before upload', 'demo', 'GET', at(queued));
  await compare('data: download before upload with a range', 'demo', 'GET', at(queued), { headers: { range: 'bytes=0-1' } });
  for (const type of ['', 'text/plain', 'application/json', 'application/octet-stream; charset=x', 'APPLICATION/OCTET-STREAM', 'nonsense', 'multipart/form-data']) {
    const imageId = await image(`data of type ${type}`);
    await compare(`data: upload as ${type || '(none)'}`, 'demo', 'PUT', at(imageId), { body: text, headers: type ? { 'content-type': type } : {} });
    await show(`data: upload as ${type || '(none)'}, the image`, 'demo', imageId);
    await compare(`data: upload to no image as ${type || '(none)'}`, 'demo', 'PUT', at('nonsense'), { body: text, headers: type ? { 'content-type': type } : {} });
  }
  const headers = {
    'right size': { 'x-openstack-image-size': String(text.length) }, 'too small a size': { 'x-openstack-image-size': '5' }, 'too large a size': { 'x-openstack-image-size': '5000' }, 'size as text': { 'x-openstack-image-size': 'many' }, 'size negative': { 'x-openstack-image-size': '-1' },
    'size empty': { 'x-openstack-image-size': '' }, 'size fraction': { 'x-openstack-image-size': '1.5' }, 'size zero': { 'x-openstack-image-size': '0' }, 'size with blanks': { 'x-openstack-image-size': ` ${text.length} ` }, 'size with plus': { 'x-openstack-image-size': `+${text.length}` },
    'store cheap': { 'x-image-meta-store': 'cheap' }, 'store fast': { 'x-image-meta-store': 'fast' }, 'store unknown': { 'x-image-meta-store': 'none' }, 'store empty': { 'x-image-meta-store': '' }, 'store upper case': { 'x-image-meta-store': 'FAST' }, 'store reserved': { 'x-image-meta-store': 'os_glance_staging_store' },
  };
  for (const [name, more] of Object.entries(headers)) {
    const imageId = await image(`data ${name}`);
    await compare(`data: upload with ${name}`, 'demo', 'PUT', at(imageId), { body: text, headers: { ...octets, ...more } });
    await show(`data: upload with ${name}, the image`, 'demo', imageId);
    await compare(`data: upload in chunks with ${name}`, 'demo', 'PUT', at(await image(`data ${name} in chunks`)), { body: ['some bytes', ' of an image'], headers: { ...octets, ...more } });
  }
  const formats = { 'no formats': { disk_format: null, container_format: null }, 'no disk_format': { disk_format: null }, 'no container_format': { container_format: null } };
  for (const [name, attributes] of Object.entries(formats)) {
    const imageId = await image(`data ${name}`, attributes);
    await compare(`data: upload with ${name}`, 'demo', 'PUT', at(imageId), { body: text, headers: octets });
    await show(`data: upload with ${name}, the image`, 'demo', imageId);
  }
  const empty = await image('data empty');
  await compare('data: upload of nothing', 'demo', 'PUT', at(empty), { headers: { ...octets, 'content-length': '0' } });
  await show('data: upload of nothing, the image', 'demo', empty);
  await compare('data: download of nothing', 'demo', 'GET', at(empty));
  await compare('data: download of a range of nothing', 'demo', 'GET', at(empty), { headers: { range: 'bytes=0-' } });
  const emptyChunked = await image('data empty in chunks');
  await compare('data: upload of nothing in chunks', 'demo', 'PUT', at(emptyChunked), { body: [], headers: { ...octets, 'transfer-encoding': 'chunked' } });
  await show('data: upload of nothing in chunks, the image', 'demo', emptyChunked);

  const own = await image('data own', { checksum_note: 'x' });
  await compare('data: upload', 'demo', 'PUT', at(own), { body: text, headers: octets });
  await show('data: upload, the image', 'demo', own);
  await compare('data: upload again', 'demo', 'PUT', at(own), { body: text, headers: octets });
  await compare('data: upload again with a wrong type', 'demo', 'PUT', at(own), { body: text });
  await compare('data: upload again with a wrong size', 'demo', 'PUT', at(own), { body: text, headers: { ...octets, 'x-openstack-image-size': 'x' } });
  await compare('data: upload again to no store', 'demo', 'PUT', at(own), { body: text, headers: { ...octets, 'x-image-meta-store': 'none' } });
  const published = await active('data public', { visibility: 'public' }, 'admin');
  const community = await active('data community', { visibility: 'community' });
  const shielded = await active('data private', { visibility: 'private' });
  const images = { own, public: published, community, private: shielded, queued, none: 'nonsense' };
  for (const persona of ['demo', 'admin', 'demo_reader', 'alt_demo', 'alt_demo_reader', 'system', 'unscoped', 'garbage', 'nobody']) {
    for (const [name, imageId] of Object.entries(images)) {
      await compare(`data: download ${name} by ${persona}`, persona, 'GET', at(imageId));
      if (persona !== 'demo' && persona !== 'admin') await compare(`data: upload to ${name} by ${persona}`, persona, 'PUT', at(imageId), { body: text, headers: octets });
    }
  }
  const ranges = [
    'bytes=0-3', 'bytes=0-', 'bytes=5-', 'bytes=-4', 'bytes=-1000', 'bytes=-0', 'bytes=0-1000', 'bytes=21-21', 'bytes=22-', 'bytes=22-30', 'bytes=1000-2000', 'bytes=5-3', 'bytes=0-1,3-4', 'bytes=0-1,', 'bytes=', 'bytes=-', 'bytes=a-b', 'bytes=1-b', 'bytes = 0-3', 'bytes=0 - 3', 'Bytes=0-3', 'octets=0-3', 'bytes', '', '0-3', 'bytes=0-3 ', 'bytes=--3', 'bytes=+1-3', 'bytes=0x1-3', 'bytes=00-03', 'bytes=99999999999999999999-', 'bytes=0-99999999999999999999', 'bytes:0-3', 'bytes 0-3',
  ];
  for (const range of ranges) await compare(`data: Range ${range || '(empty)'}`, 'demo', 'GET', at(own), { headers: { range } });
  for (const range of ['bytes 0-3/22', 'bytes 0-3/*', 'bytes 5-21/22', 'bytes 0-100/22', 'bytes 22-30/22', 'bytes 0-3', 'bytes */22', 'bytes=0-3/22', 'nonsense', '', 'bytes 5-3/22', 'bytes 0-3/5', 'bytes 0-3/1000', 'bytes -4/22']) {
    await compare(`data: Content-Range ${range || '(empty)'}`, 'demo', 'GET', at(own), { headers: { 'content-range': range } });
  }
  await compare('data: Range and Content-Range', 'demo', 'GET', at(own), { headers: { range: 'bytes=0-3', 'content-range': 'bytes 5-6/22' } });
  for (const accept of ['application/json', 'text/plain', 'application/octet-stream', '']) await compare(`data: download with Accept ${accept || '(empty)'}`, 'demo', 'GET', at(own), { headers: { accept } });
  await compare('data: download with If-None-Match', 'demo', 'GET', at(own), { headers: { 'if-none-match': '*' } });
  await compare('data: download with a body', 'demo', 'GET', at(own), { body: 'x' });
  for (const query of ['?a=b', '?prefer=cheap', '?prefer=fast,cheap', '?prefer=nonsense', '?prefer=', '?a=%ff']) await compare(`data: download ${query}`, 'demo', 'GET', `${at(own)}${query}`);
  await compare('data: HEAD', 'demo', 'HEAD', at(own));

  await actions({ compare, own: await active('data deactivated'), queued, community, show, at });
  const gone = await active('data deleted');
  await prepare('demo', 'DELETE', `/v2/images/${gone}`);
  await compare('data: download of a deleted image', 'demo', 'GET', at(gone));
  await compare('data: upload to a deleted image', 'demo', 'PUT', at(gone), { body: text, headers: octets });
  await compare('data: upload with an Expect header', 'demo', 'PUT', at(await image('data expected')), { body: text, headers: { ...octets, expect: '100-continue' } });
}

async function actions({ compare, own, queued, community, show, at }) {
  const act = (name, persona, imageId, action, options) => compare(name, persona, 'POST', `/v2/images/${imageId}/actions/${action}`, options);
  for (const action of ['deactivate', 'reactivate']) {
    await act(`${action}: queued`, 'demo', queued, action);
    await act(`${action}: unknown`, 'demo', 'nonsense', action);
    await act(`${action}: with a body`, 'demo', own, action, { body: '{}' });
    await act(`${action}: Content-Type and no body`, 'admin', queued, action, { headers: { 'content-type': 'application/octet-stream' } });
    for (const persona of ['alt_demo', 'demo_reader', 'system', 'unscoped', 'nobody']) {
      await act(`${action}: by ${persona}`, persona, own, action);
      await act(`${action}: community by ${persona}`, persona, community, action);
    }
    await act(`${action}: by the owner`, 'demo', own, action);
    await act(`${action}: by the owner again`, 'demo', own, action);
    await show(`${action}: the image`, 'demo', own);
    for (const persona of ['demo', 'admin', 'demo_reader', 'alt_demo']) await compare(`${action}: download by ${persona}`, persona, 'GET', at(own));
    await compare(`${action}: download of a range`, 'demo', 'GET', at(own), { headers: { range: 'bytes=0-1' } });
    await compare(`${action}: upload`, 'demo', 'PUT', at(own), { body: text, headers: octets });
    await compare(`${action}: upload by admin`, 'admin', 'PUT', at(own), { body: text, headers: octets });
    await compare(`${action}: changed`, 'demo', 'PATCH', `/v2/images/${own}`, { body: `[{"op":"replace","path":"/name","value":"${action}d"}]`, headers: { 'content-type': 'application/openstack-images-v2.1-json-patch' } });
    await compare(`${action}: disk_format changed`, 'demo', 'PATCH', `/v2/images/${own}`, { body: '[{"op":"replace","path":"/disk_format","value":"iso"}]', headers: { 'content-type': 'application/openstack-images-v2.1-json-patch' } });
    await compare(`${action}: tagged`, 'demo', 'PUT', `/v2/images/${own}/tags/${action}d`);
  }
  await act('deactivate: by admin', 'admin', own, 'deactivate');
  await compare('deactivate: deleted after it', 'demo', 'DELETE', `/v2/images/${own}`);
}
