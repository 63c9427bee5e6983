import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onPath, run } from './commands.js';
import { cacheDir } from './project-dir.js';

/** A qemu-img for tests, or why there is none. */
export type QemuImgFound = { readonly command: string } | { readonly reason: string };

/** The one named in HELIOGRAPH_QEMU_IMG, the one on PATH, the one unpacked before, or the packages of a Debian or Ubuntu, unpacked and not installed. */
export async function findQemuImg(env: NodeJS.ProcessEnv = process.env, dir = join(cacheDir(), 'qemu')): Promise<QemuImgFound> {
  const unpacked = join(dir, 'qemu-img');
  const named = env['HELIOGRAPH_QEMU_IMG'];
  for (const command of [...(named ? [named] : []), await onPath('qemu-img', env['PATH']), unpacked]) {
    if (command !== undefined && await runs(command)) return { command };
  }
  try {
    await unpackPackages(dir, env);
    return await runs(unpacked) ? { command: unpacked } : { reason: 'the qemu-img of the packages does not run' };
  } catch (error) {
    // Another process may have been faster.
    if (await runs(unpacked)) return { command: unpacked };
    return { reason: `there is no qemu-img on PATH or in HELIOGRAPH_QEMU_IMG, and the packages of this system were not to be had (${(error as Error).message})` };
  }
}

const runs = (command: string): Promise<boolean> => run(command, ['--version'], { timeoutMs: 10_000 }).then((printed) => printed.includes('qemu-img'), () => false);

/** Beside the program, the libraries that this system lacks; the script in front of it says where they are. */
async function unpackPackages(dir: string, env: NodeJS.ProcessEnv): Promise<void> {
  const planned = await run('apt-get', ['install', '-s', '--no-install-recommends', 'qemu-utils'], { timeoutMs: 60_000, env });
  const packages = [...planned.matchAll(/^Inst (\S+)/gm)].map(([, name = '']) => name);
  if (packages.length === 0) throw new Error('apt-get knows no qemu-utils');
  await mkdir(dir, { recursive: true });
  const aside = await mkdtemp(join(dir, '.incoming-'));
  try {
    await run('/bin/sh', ['-c', 'cd "$0" && exec apt-get download "$@"', aside, ...packages], { timeoutMs: 300_000, env });
    for (const file of (await readdir(aside)).filter((name) => name.endsWith('.deb'))) await run('dpkg-deb', ['-x', join(aside, file), join(aside, 'root')], { timeoutMs: 60_000 });
    const script = '#!/bin/sh\nhere=$(dirname "$0")/root\nfor lib in "$here"/usr/lib/*-linux-gnu "$here"/lib/*-linux-gnu; do LD_LIBRARY_PATH="$lib:$LD_LIBRARY_PATH"; done\nexport LD_LIBRARY_PATH\nexec "$here/usr/bin/qemu-img" "$@"\n';
    await writeFile(join(aside, 'qemu-img'), script, { mode: 0o755 });
    await rename(join(aside, 'root'), join(dir, 'root'));
    await rename(join(aside, 'qemu-img'), join(dir, 'qemu-img'));
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}
