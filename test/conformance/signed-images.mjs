import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { run } from './peers.mjs';

/** Signed images as the released client makes them, with a certificate that lies in a real Barbican. */
export function signedImages({ as, dir, url, keys }) {
  const [key, certificate, data] = ['signer.key', 'signer.crt', 'signed.img'].map((name) => join(dir, name));
  const known = { id: '', certificateId: '', properties: {} };
  const bytes = randomBytes(2 ** 20);
  const tokenOf = async (user) => (await as(user, 'token', 'issue', '-f', 'value', '-c', 'id')).trim();
  const call = async (user, method, target, { body, headers = {} } = {}) => {
    const answer = await fetch(target, { method, headers: { 'X-Auth-Token': await tokenOf(user), Accept: 'application/json', ...headers }, ...(body === undefined ? {} : { body }) });
    const text = await answer.text();
    return { status: answer.status, text, json: text.startsWith('{') ? JSON.parse(text) : undefined };
  };
  const octets = { 'Content-Type': 'application/octet-stream' };
  const image = async (user, properties) => (await call(user, 'POST', `${url}/v2/images`, { body: JSON.stringify({ name: 'signed', disk_format: 'raw', container_format: 'bare', ...properties }) })).json.id;
  const shown = async (user, id) => (await call(user, 'GET', `${url}/v2/images/${id}`)).json;
  const verdict = async (user, id) => (await call(user, 'GET', `${url}/v2/images/${id}/history`)).json.history.flatMap(({ inspection }) => inspection?.signature ?? [])[0];
  return [
    ['a certificate is stored', async () => {
      await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, '-subj', '/CN=signer', '-days', '2'], process.env, 60_000);
      writeFileSync(data, bytes);
      const payload = readFileSync(certificate).toString('base64');
      const secret = await call('demo', 'POST', `${keys}/v1/secrets`, {
        headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: 'signer', secret_type: 'certificate', payload, payload_content_type: 'application/octet-stream', payload_content_encoding: 'base64' }),
      });
      expect(secret.status === 201, `${secret.status} ${secret.text}`);
      known.certificateId = secret.json.secret_ref.split('/').at(-1);
    }],
    // As Glance's own guide signs: the client's --sign-key-path asks a terminal for the password of the key.
    ['an image that `openssl dgst` signed is taken', async () => {
      await run('openssl', ['dgst', '-sha256', '-sign', key, '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:max', '-out', `${data}.signature`, data], process.env, 60_000);
      const signature = readFileSync(`${data}.signature`).toString('base64');
      const wanted = [`img_signature=${signature}`, `img_signature_certificate_uuid=${known.certificateId}`, 'img_signature_hash_method=SHA-256', 'img_signature_key_type=RSA-PSS'];
      known.id = (await as('demo', 'image', 'create', '--disk-format', 'raw', '--container-format', 'bare', '--file', data, ...wanted.flatMap((property) => ['--property', property]), 'signed', '-f', 'value', '-c', 'id')).trim();
      const { status, ...properties } = await shown('demo', known.id);
      expect(status === 'active', `it is ${status}`);
      known.properties = Object.fromEntries(Object.entries(properties).filter(([name]) => name.startsWith('img_signature')));
      expect(Object.keys(known.properties).length === 4, Object.keys(known.properties).join());
    }],
    ['the history says by whom it was signed', async () => {
      const { valid, certificate_id: id } = await verdict('demo', known.id);
      expect(valid === true && id === known.certificateId, `${valid} ${id}`);
    }],
    ['other data under the same signature is refused, and the image is queued', async () => {
      const id = await image('demo', known.properties);
      const answer = await call('demo', 'PUT', `${url}/v2/images/${id}/file`, { body: randomBytes(2 ** 20), headers: octets });
      expect(answer.status === 400 && /signature/i.test(answer.text), `${answer.status} ${answer.text}`);
      expect((await shown('demo', id)).status === 'queued', 'it is queued');
      await call('demo', 'DELETE', `${url}/v2/images/${id}`);
    }],
    ['a certificate of another project is of no use', async () => {
      const id = await image('alt_demo', known.properties);
      const answer = await call('alt_demo', 'PUT', `${url}/v2/images/${id}/file`, { body: bytes, headers: octets });
      expect(answer.status === 400, `${answer.status} ${answer.text}`);
      await call('alt_demo', 'DELETE', `${url}/v2/images/${id}`);
    }],
    ['what is staged and imported is checked, too', async () => {
      const id = await image('demo', known.properties);
      const staged = await call('demo', 'PUT', `${url}/v2/images/${id}/stage`, { body: bytes, headers: octets });
      expect(staged.status === 204, `${staged.status} ${staged.text}`);
      await as('demo', 'image', 'import', '--method', 'glance-direct', id);
      for (const giveUpAt = Date.now() + 60_000; (await shown('demo', id)).status !== 'active' && Date.now() < giveUpAt;) await pause(500);
      expect((await shown('demo', id)).status === 'active', 'it is active');
      expect((await verdict('demo', id)).valid === true, 'the verdict is recorded');
      await call('demo', 'DELETE', `${url}/v2/images/${id}`);
    }],
    ['the client saves what was signed', async () => {
      await as('demo', 'image', 'save', '--file', `${data}.saved`, known.id);
      expect(readFileSync(`${data}.saved`).equals(bytes), 'the bytes are the same');
      await as('demo', 'image', 'delete', known.id);
    }],
  ];
}

function expect(isTrue, what) {
  if (!isTrue) throw new Error(`expected otherwise: ${what}`);
}
