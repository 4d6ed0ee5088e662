/** The test images, packed from the host's own busybox and dash: nothing is pulled. */
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { attempt, findCommand, must } from './command.ts';
import type { ImageName } from './modes.ts';
import { layOfficial } from './official.ts';

const directories = [
  'bin',
  'sbin',
  'usr/bin',
  'usr/sbin',
  'usr/local/bin',
  'etc',
  'root',
  'home',
  'data',
  'opt/data',
  'proc',
  'sys',
];

/** Packs one root file system per wanted image into `<dir>/<image>.tar`; returns the tar files. Throws where a tool is missing. */
export async function packImages(
  dir: string,
  wanted: readonly ImageName[],
): Promise<Partial<Record<ImageName, string>>> {
  const root = join(dir, 'rootfs');
  await fillRoot(root);
  if (wanted.some((image) => image !== 'busybox')) await copyProgram('dash', join(root, 'bin/dash'), root);
  const pack = async (image: ImageName) => {
    const own = join(dir, `rootfs-${image}`);
    await must(['cp', '-a', root, own]);
    symlinkSync(image === 'busybox' ? 'busybox' : 'dash', join(own, 'bin/sh'));
    if (image === 'official') layOfficial(own);
    const tar = join(dir, `${image}.tar`);
    const owner = ['--owner=0', '--group=0', '--numeric-owner'];
    await must(['tar', ...owner, '-cf', tar, '-C', own, '.']);
    return tar;
  };
  return Object.fromEntries(
    await Promise.all(wanted.map(async (image) => [image, await pack(image)] as const)),
  );
}

async function fillRoot(root: string): Promise<void> {
  for (const name of [...directories, 'tmp', 'var/tmp', 'dev'])
    mkdirSync(join(root, name), { recursive: true });
  for (const name of ['tmp', 'var/tmp']) chmodSync(join(root, name), 0o1777);
  await copyProgram('busybox', join(root, 'bin/busybox'), root);
  const applets = (await must([await need('busybox'), '--list'])).split('\n');
  for (const applet of applets) {
    if (applet !== '' && applet !== 'busybox' && applet !== 'sh')
      symlinkSync('busybox', join(root, 'bin', applet));
  }
  // Scripts say /usr/bin/env.
  symlinkSync('../../bin/busybox', join(root, 'usr/bin/env'));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\ntty:x:5:\n');
  writeFileSync(join(root, 'etc/hostname'), 'container\n');
}

/** Copies a program and the shared libraries that ldd names, to the very paths where the loader will look. */
async function copyProgram(name: string, target: string, root: string): Promise<void> {
  const source = await need(name);
  copyFileSync(source, target);
  chmodSync(target, 0o755);
  // A static program makes ldd fail, which is an answer too.
  const { stdout } = await attempt(['ldd', source]);
  for (const [library] of stdout.matchAll(/\/\S+(?= \(0x)/g)) {
    mkdirSync(join(root, dirname(library)), { recursive: true });
    copyFileSync(library, join(root, library));
    chmodSync(join(root, library), 0o755);
  }
}

async function need(name: string): Promise<string> {
  const path = findCommand(name);
  if (path === null) throw new Error(`no ${name} on this machine, needed to pack the test image`);
  return path;
}
