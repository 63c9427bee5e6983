import { end, match, region, type Finding, type Probe, type Reading } from '../probe.js';
import { isWhole, startsWith, u64, zeroTerminated } from '../region.js';

const sectorBytes = 512;
const jsonAt = 4096;
/** How much of the JSON area is looked at: the default area is 12 KiB, and what describes one segment needs less. */
const jsonBytes = 60 * 1024;

/** LUKS. The disk in it is what lies behind the header. Source: cryptsetup, "LUKS1 On-Disk Format Specification" 1.2.3 and "LUKS2 On-Disk Format Specification" 1.1. */
export const luks: Probe = function* () {
  const header = yield* region(0, 592);
  if (!startsWith(header, 'LUKS\xba\xbe')) return null;
  const version = header.view.getUint16(6);
  const findings: Finding[] = isWhole(header) ? [] : [{ rule: 'luks.header', detail: 'the header is cut off' }];
  let payloadAt: number | undefined;
  if (version === 1) payloadAt = header.view.getUint32(104) * sectorBytes;
  else if (version === 2) payloadAt = yield* secondVersionPayload(u64(header.view, 8, false));
  else findings.push({ rule: 'luks.version', detail: `version ${version}` });
  const { sizeBytes } = yield* end();
  const isOutside = payloadAt === undefined ? version === 2 : payloadAt > sizeBytes;
  if (isOutside) findings.push({ rule: 'luks.header', detail: 'the header does not say where the data begins, or that is beyond the end' });
  return match('luks', payloadAt === undefined || isOutside ? undefined : sizeBytes - payloadAt, findings);
};

/** Where the first segment begins, from the JSON behind the binary header; it ends with a zero byte. */
function* secondVersionPayload(headerBytes: number | undefined): Reading<number | undefined> {
  if (headerBytes === undefined || headerBytes <= jsonAt) return undefined;
  const { bytes } = yield* region(jsonAt, Math.min(headerBytes - jsonAt, jsonBytes));
  return segmentOffset(zeroTerminated(bytes));
}

function segmentOffset(json: string): number | undefined {
  try {
    const { segments } = JSON.parse(json) as { segments?: Record<string, { offset?: unknown }> };
    const offset = segments?.['0']?.offset;
    return typeof offset === 'string' && /^\d{1,15}$/.test(offset) ? Number(offset) : undefined;
  } catch {
    return undefined;
  }
}
