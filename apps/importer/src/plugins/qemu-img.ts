import { Problem } from '#libs/domain';
import { reasonOf, runBounded, type ProgramLimits } from './bounded-program.js';
import type { PluginContext } from './prepare.js';

/** What QEMU calls the disk formats of the Image API. Others are not converted. */
const qemuNames: Readonly<Record<string, string>> = {
  raw: 'raw', qcow2: 'qcow2', qcow: 'qcow', qed: 'qed', vmdk: 'vmdk', vhd: 'vpc', vhdx: 'vhdx', vdi: 'vdi', ploop: 'parallels',
};
export const isConvertible = (diskFormat: string): boolean => Object.hasOwn(qemuNames, diskFormat);

export interface QemuImg {
  readonly command: string;
  readonly seconds: number;
  readonly memoryBytes: number;
}

const mostOpenFiles = 64;

/** Throws where there is no qemu-img that runs, and says what to do about it. */
export async function requireQemuImg({ command }: Pick<QemuImg, 'command'>): Promise<void> {
  const limits: ProgramLimits = { seconds: 20, memoryBytes: 2 ** 30, fileBytes: 0, openFiles: mostOpenFiles };
  const ended = await runBounded({ command, args: ['--version'], limits, signal: new AbortController().signal });
  if (ended.status === 0 && ended.output.includes('qemu-img')) return;
  throw new Error(`image_import_opts.image_import_plugins names image_conversion, which needs the program qemu-img, and ${command} does not run (${reasonOf(ended, limits)}). `
    + 'Install it (package qemu-utils of Debian and Ubuntu, qemu-img of Fedora and RHEL), or say where it is in heliograph.qemu_img.');
}

export interface Conversion {
  readonly imageId: string;
  readonly from: { readonly path: string; readonly diskFormat: string };
  readonly to: { readonly path: string; readonly diskFormat: string };
  /** The largest file that may come of it. */
  readonly limitBytes: number;
}

type Watched = Pick<PluginContext, 'signal' | 'alive'> & { onPercent(percent: number): void };

/**
 * Converts a disk image by qemu-img, bounded in time, memory and files. What QEMU itself says of the source is looked at once more before:
 * nothing may lead out of the file. Refuses: DataNotConverted, with what qemu-img said.
 */
export async function convert(qemu: QemuImg, { imageId, from, to, limitBytes }: Conversion, { signal, alive, onPercent }: Watched): Promise<void> {
  const limits: ProgramLimits = { ...qemu, fileBytes: limitBytes, openFiles: mostOpenFiles };
  const refuse = (reason: string): never => { throw new Problem('DataNotConverted', { imageId, format: to.diskFormat, reason }); };
  const [fromName = '', toName = ''] = [qemuNames[from.diskFormat], qemuNames[to.diskFormat]];
  const run = { command: qemu.command, limits, signal, onAlive: alive };
  const told = await runBounded({ ...run, args: ['info', '-f', fromName, '--output=json', from.path] });
  if (told.status !== 0) refuse(reasonOf(told, limits));
  const outside = leadsOut(told.output, fromName);
  if (outside !== undefined) refuse(outside);
  const percents = percentReader(onPercent);
  const converted = await runBounded({ ...run, args: ['convert', '-p', '-f', fromName, '-O', toName, from.path, to.path], onOutput: percents });
  if (converted.status !== 0) refuse(reasonOf(converted, limits));
}

/** What in QEMU's own description leads out of the file, or contradicts what the image says; undefined where nothing does. */
export function leadsOut(description: string, format: string): string | undefined {
  const told = JSON.parse(description) as { format?: string; 'backing-filename'?: unknown; 'full-backing-filename'?: unknown; 'format-specific'?: { data?: { 'data-file'?: unknown } } };
  if (told.format !== format) return `qemu-img takes it for ${told.format ?? 'nothing it knows'}`;
  if (told['backing-filename'] !== undefined || told['full-backing-filename'] !== undefined) return 'it is a difference to another file';
  return told['format-specific']?.data?.['data-file'] === undefined ? undefined : 'its data is in another file';
}

/** `    (12.34/100%)` and a carriage return, again and again; a number may be cut by the end of a piece. */
export function percentReader(onPercent: (percent: number) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    const parts = (rest + text).split('\r');
    rest = (parts.pop() ?? '').slice(-64);
    const last = parts.flatMap((part) => /\((\d{1,3}\.\d{2})\/100%\)/.exec(part)?.[1] ?? []).at(-1);
    if (last !== undefined) onPercent(Number(last));
  };
}
