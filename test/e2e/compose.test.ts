import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type ComposeProject, composeProject } from '../harness/compose.ts';
import { describeModes, type EngineMode, inTurns } from '../harness/modes.ts';
import { numbersOf } from '../harness/official.ts';
import { readReport } from '../harness/report.ts';

const composeModes: readonly EngineMode[] = ['docker', 'podman-root', 'podman-rootless'];

async function uidInside(project: ComposeProject): Promise<number> {
  const ended = await project.call('hermes', ['report']);
  expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
  return readReport(ended.stdoutBytes).uid;
}

describeModes((mode) => {
  const { inside } = numbersOf(mode);

  it("from compose up of upstream's file to hermes chat with enable alone, and after a recreation", async () => {
    await using project = await composeProject(mode);
    await project.up();
    const enabled = await project.call('hermes-shim', ['enable']);
    expect(enabled).toMatchObject({ exitCode: 0, stderr: '' });
    expect(enabled.stdout).toContain(`made by compose: service gateway of project ${project.project}`);
    expect(enabled.stdout).toContain(
      `'${project.project}' runs the gateway, '${project.project}-dashboard' does not`,
    );
    await using chat = await project.terminal(['chat']);
    await chat.waitFor('> ');
    chat.write('hello\r');
    await chat.waitFor('you said: hello');
    chat.write('exit\r');
    expect(await chat.exit).toEqual({ code: 0, signal: null });
    const before = await project.engine('inspect', '-f', '{{.Id}}', project.project);
    await project.up('--force-recreate');
    expect(await project.engine('inspect', '-f', '{{.Id}}', project.project)).not.toBe(before);
    expect(await uidInside(project)).toBe(inside);
    await project.call('hermes', ['sh', '-c', 'echo >"$HERMES_HOME/made"']);
    expect(statSync(join(project.home, 'made')).uid).toBe(statSync(project.home).uid);
  });

  it('the same with a home on a named volume, also after a recreation', async () => {
    await using project = await composeProject(mode, { volume: 'hermes-home' });
    await project.up();
    // other tests have containers on volumes at the same time
    const enabled = await project.call('hermes-shim', ['enable', '--service', 'gateway']);
    expect(enabled).toMatchObject({ exitCode: 0, stderr: '' });
    expect(enabled.stdout).toContain(`home volume '${project.project}_hermes-home' is /opt/data`);
    await project.call('hermes', ['sh', '-c', 'echo kept >"$HERMES_HOME/kept"']);
    await project.up('--force-recreate');
    expect(await project.call('hermes', ['sh', '-c', 'cat "$HERMES_HOME/kept"'])).toMatchObject({
      exitCode: 0,
      stdout: 'kept\n',
    });
    expect(await uidInside(project)).toBe(inside);
    expect(await project.call('hermes-shim', ['disable'])).toMatchObject({ exitCode: 0 });
  });

  it("a container under compose's own name is found again when compose calls it otherwise", async () => {
    await using project = await composeProject(mode, { names: false });
    await project.up();
    expect(await project.call('hermes-shim', ['enable'])).toMatchObject({ exitCode: 0, stderr: '' });
    const text = readFileSync(join(project.home, '.container-mode'), 'utf8');
    expect(text).toContain(`container_name=${project.nameOf('gateway')}\n`);
    expect(text).toContain(`compose_project=${project.project}\ncompose_service=gateway\n`);
    // as docker compose 2 does to what docker-compose 1 has made
    const renamed = `${project.project}-gateway-1`;
    await project.engine('rename', project.nameOf('gateway'), renamed);
    expect(await uidInside(project)).toBe(inside);
    // and where it is not there at all, compose's own command makes it
    await project.engine('rm', '-f', renamed);
    const gone = await project.call('hermes', ['report'], { env: { HERMES_SHIM_WAIT: '0' } });
    expect(gone.exitCode).toBe(125);
    expect(gone.stderr).toMatch(
      new RegExp(`make it: +(docker|podman) compose -p ${project.project} up -d gateway`),
    );
  });

  it('--service names it, and a stopped one gets the command of compose that starts it', async () => {
    await using project = await composeProject(mode);
    await project.up();
    const dashboard = await project.call('hermes-shim', ['enable', '--service', 'dashboard', '--json']);
    expect(JSON.parse(dashboard.stdout)).toMatchObject({
      container: `${project.project}-dashboard`,
      service: 'dashboard',
      project: project.project,
    });
    const wrong = await project.call('hermes-shim', ['enable', '--service', 'gatewey']);
    expect(wrong).toMatchObject({ exitCode: 1, stdout: '' });
    expect(wrong.stderr).toContain("no running container is compose's service 'gatewey'");
    await project.call('hermes-shim', ['enable', '--service', 'gateway']);
    await project.engine('stop', '-t', '5', project.project);
    const stopped = await project.call('hermes', ['report'], { env: { HERMES_SHIM_WAIT: '0' } });
    const advice = stopped.stderr.match(/start it: +(.*)/)?.[1] ?? '';
    const tool = mode === 'docker' ? 'docker-compose' : 'podman compose';
    expect(advice).toBe(`${tool} -f ${project.file} up -d gateway`);
    const doctor = await project.call('hermes-shim', ['doctor', '--json']);
    expect(doctor.stdout).toContain(advice);
    // podman has `compose` since 4.7
    if (mode === 'docker') expect(await project.shell(advice)).toMatchObject({ exitCode: 0 });
    else await project.up();
    expect(await uidInside(project)).toBe(inside);
  });
}, inTurns(composeModes));

describeModes(
  (mode) => {
    it('podman-compose is told apart, and asked by its own name', async () => {
      await using project = await composeProject(mode, { tool: 'podman-compose' });
      await project.up();
      expect(await project.call('hermes-shim', ['enable'])).toMatchObject({ exitCode: 0, stderr: '' });
      expect(await uidInside(project)).toBe(numbersOf(mode).inside);
      await project.engine('stop', '-t', '5', project.project);
      const stopped = await project.call('hermes', ['report'], { env: { HERMES_SHIM_WAIT: '0' } });
      const advice = stopped.stderr.match(/start it: +(.*)/)?.[1] ?? '';
      expect(advice).toBe(`podman-compose -f ${project.file} up -d gateway`);
      expect(await project.shell(advice)).toMatchObject({ exitCode: 0 });
      expect(await uidInside(project)).toBe(numbersOf(mode).inside);
    });
  },
  ['podman-root'],
);

describeModes(
  (mode) => {
    it('metadata that a container has turned to the service of another project is refused', async () => {
      await using project = await composeProject(mode);
      await using other = await composeProject(mode);
      await project.up();
      await other.up();
      await project.call('hermes-shim', ['enable']);
      const file = join(project.home, '.container-mode');
      const turned = readFileSync(file, 'utf8')
        .replace(/^container_name=.*$/m, 'container_name=nobody')
        .replace(/^compose_project=.*$/m, `compose_project=${other.project}`);
      // as the container would
      await project.engine(
        'exec',
        project.project,
        'sh',
        '-c',
        `printf %s '${turned}' >/opt/data/.container-mode`,
      );
      const ended = await project.call('hermes', ['report'], { env: { HERMES_SHIM_WAIT: '0' } });
      expect(ended).toMatchObject({ exitCode: 125, stdout: '' });
      expect(ended.stderr).toContain(`declares the home /opt/data, which is ${other.home} on this host`);
      // and what is pasted holds no word of the container's but names
      await project.engine(
        'exec',
        project.project,
        'sh',
        '-c',
        `printf 'compose_service=$(id)\\n' >>/opt/data/.container-mode`,
      );
      const odd = await project.call('hermes', ['report'], { env: { HERMES_SHIM_WAIT: '0' } });
      expect([odd.exitCode, odd.stderr]).toEqual([125, expect.stringContaining('compose_service is ')]);
    });
  },
  ['docker'],
);
