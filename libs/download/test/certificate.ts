import { generateKeyPairSync, sign } from 'node:crypto';

/** A certificate for one name or one IPv4 address that signs itself, made anew for every run. */
export function selfSigned(host: { readonly name: string } | { readonly address: string }): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'));
  const name = sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from('heliograph test')))));
  const validity = sequence(time(-3600_000), time(3600_000));
  const alternative = 'name' in host ? der(0x82, Buffer.from(host.name)) : der(0x87, Buffer.from(host.address.split('.').map(Number)));
  const extensions = der(0xa3, sequence(
    sequence(oid('551d11'), der(0x04, sequence(alternative))),
    sequence(oid('551d13'), der(0x04, sequence(der(0x01, Buffer.from([0xff]))))),
  ));
  const version3 = der(0xa0, der(0x02, Buffer.from([2])));
  const body = sequence(version3, der(0x02, Buffer.from([1])), ecdsaWithSha256, name, validity, name, publicKey.export({ type: 'spki', format: 'der' }), extensions);
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, privateKey));
  const cert = sequence(body, ecdsaWithSha256, signature).toString('base64').replaceAll(/.{1,64}/g, '$&\n');
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, cert: `-----BEGIN CERTIFICATE-----\n${cert}-----END CERTIFICATE-----\n` };
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length = content.length;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  return Buffer.concat([length < 0x100 ? Buffer.from([tag, 0x81, length]) : Buffer.from([tag, 0x82, length >> 8, length & 0xff]), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const time = (fromNowMs: number): Buffer => der(0x17, Buffer.from(`${new Date(Date.now() + fromNowMs).toISOString().replaceAll(/[-:T]|\.\d+/g, '').slice(2)}`));
